/** The pages of a process leave nothing out that the process says, and say nothing that can be taken for markup. */
import { createMarkdownRenderer } from "vitepress"
import { describe, expect, it } from "vitest"
import { cancellationWindow } from "../../docs/examples/processes/cancellation-window.ts"
import { holdAndResume } from "../../docs/examples/processes/hold-and-resume.ts"
import { pickUp } from "../../docs/examples/processes/pick-up.ts"
import { liveModelOf } from "../../src/draw/liveModel.ts"
import type { OwnLifecycle } from "../../src/draw/processContent.ts"
import { asHtml, asMarkdown } from "../../src/draw/processPages.ts"
import { answersOf, codesOf, commandNames, statusesOf } from "../../src/order/lifecycleTable.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { awkward, awkwardProcess } from "../support/awkwardProcess.ts"
import { commandsOfArrow } from "../support/commandsOfArrow.ts"
import { shopProcess } from "../support/shopProcess.ts"

const under = (process: OrderProcess) => lifecycleOf("noActiveSubscriptions", process) as OwnLifecycle

const processes = [cancellationWindow, holdAndResume, pickUp, shopProcess, awkwardProcess].map(
  (process) => [process.name, under(process)] as const
)

/** A section of a page of Markdown, by its heading. */
const sectionOf = (markdown: string, heading: string) =>
  markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ""

const rowsOf = (section: string) => section.split("\n").filter((line) => line.startsWith("| `") || line.startsWith("| [`"))

/** What a page links to within itself, and does not have. */
const broken = (page: string, link: RegExp) =>
  [...page.matchAll(link)].flatMap(([, id = ""]) => (page.includes(`id="${id}"`) ? [] : [id]))

describe.each(processes)("the pages of %s", (_, lifecycle) => {
  const { process } = lifecycle
  const [markdown, html] = [asMarkdown(lifecycle), asHtml(lifecycle)]
  const all = statusesOf(lifecycle).flatMap((status) =>
    commandNames(lifecycle).map((command) => [status, command, answersOf(lifecycle, status)[command]] as const)
  )
  const answers = all.flatMap(([, , each]) => each)

  it("have an arrow for every transition and a row for every answer", () => {
    const accepted = answers.filter(({ refusal }) => refusal === undefined)
    expect(markdown.split("\n").flatMap(commandsOfArrow)).toHaveLength(1 + accepted.length)
    expect(rowsOf(sectionOf(markdown, "Every answer"))).toHaveLength(answers.length)
    expect(rowsOf(sectionOf(markdown, "What each status answers"))).toHaveLength(statusesOf(lifecycle).length)
    const ways = new Set(all.flatMap(([from, , each]) => each.flatMap(({ refusal, to }) => (refusal ? [] : [`${from} ${to}`]))))
    expect(html.match(/class="way"/g)).toHaveLength(ways.size)
  })

  it("name every status, command, event, rule, code, table and column", () => {
    const names = [
      ...statusesOf(lifecycle),
      ...commandNames(lifecycle).flatMap((command) => [command, lifecycle.commands[command].kind]),
      ...commandNames(lifecycle).flatMap((command) => [...codesOf(lifecycle, command)]),
      ...process.guards.keys(),
      ...[...process.tables].flatMap(([, { columns }]) => Object.keys(columns))
    ]
    expect(names.filter((name) => !markdown.includes(`\`${name}\``))).toEqual([])
    expect(names.filter((name) => !html.includes(`<code>${name}</code>`))).toEqual([])
    for (const [table] of process.tables) expect(markdown).toContain(`### ${table}\n`)
  })

  it("have every link's target", () => {
    expect(broken(markdown, /\]\(#([^)]+)\)/g)).toEqual([])
    expect(broken(html, /href="#([^"]+)"/g)).toEqual([])
    expect(html.match(/href="(?!#)|<\w+[^>"]* src=|https?:/g)).toBe(null)
  })

  it("say the same: as many cells here as there", () => {
    const cells = markdown
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
      .reduce((sum, line) => sum + line.replaceAll("\\|", "").split(" | ").length, 0)
    expect(html.match(/<t[dh][ >]/g)).toHaveLength(cells)
  })
})

it("the page of a process with due commands says when they are given, and with which payload", () => {
  const section = sectionOf(asMarkdown(under(awkwardProcess)), "Due commands")
  expect(section).toContain("| `waitsAtLast` | `confirmed` | 1d 12h | [`wait`](#command-wait) | `` {")
  expect(sectionOf(asMarkdown(under(holdAndResume)), "Due commands")).toBe("")
})

describe("the page of hold-and-resume", () => {
  const markdown = asMarkdown(under(holdAndResume))

  it("says what the process adds", () => {
    expect(markdown).toContain("  confirmed --> onHold: hold [notTooOften]")
    expect(sectionOf(markdown, "Rules")).toContain(
      "| `notTooOften` | [`hold`](#command-hold) | the process: a function | [`HELD_TOO_OFTEN`](#error-held_too_often) | " +
        "An order is put on hold three times at most. | Ask a manager, or cancel it. |"
    )
    expect(sectionOf(markdown, "Statuses")).toContain("| `onHold` | Confirmed, and something has to be cleared up first.")
    expect(sectionOf(markdown, "Own data")).toContain('"holds": 0')
  })

  it("says which members of an event are personal", () => {
    const [, event = ""] = markdown.split("### order.held\n")
    const [says = "", personal = ""] = (event.split("### ")[0] ?? "").split("Personal members")
    expect(says).toContain("| `details.payload.why` | `address`, `payment`, `fraud` |")
    expect(says).toContain("`details.data.holds`")
    expect(says).not.toContain("note")
    expect(personal).toContain("| `confidential.note` | string | yes |")
  })
})

/** The text of HTML. */
const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#123;", "{")
    .replaceAll("&amp;", "&")

describe("text that could be taken for markup", () => {
  const lifecycle = under(awkwardProcess)

  it("is text in Markdown, as the site shows it", async () => {
    const renderer = await createMarkdownRenderer(".")
    const shown = renderer.render(asMarkdown(lifecycle))
    // The line below the title is in italics.
    expect(shown.match(/<(?:img|script|em|strong)\b|<a href="x"|\{\{(?! 1 \+ 1 \}\}[^<]*<\/code>)/g)).toEqual(["<em"])
    // Once as the status, its code and the remedy of it, and again wherever a table repeats them.
    expect(textOf(shown).split(awkward).length).toBeGreaterThan(8)
  })

  it("is text in HTML", () => {
    const html = asHtml(lifecycle)
    expect(html.match(/<script[^>]*>/g)).toEqual(['<script type="application/json" id="model">', "<script>"])
    expect(html.match(/<\/script>/g)).toHaveLength(2)
    expect(html).not.toContain("<img")
    expect(html).toContain(
      "&lt;/script&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &lt;img src=x onerror=alert(1)&gt; &amp; &amp;amp;"
    )
  })

  it("reaches the live machine as it is", () => {
    const [, model = ""] = /id="model">([\s\S]*?)<\/script>/.exec(asHtml(lifecycle)) ?? []
    expect(JSON.parse(model)).toEqual(liveModelOf(lifecycle))
    const [refusal] = liveModelOf(lifecycle).answers["waiting"]?.["startSubscription"] ?? []
    expect(refusal?.refusal?.message).toBe(`WAITING: ${awkward}`)
  })
})
