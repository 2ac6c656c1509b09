/** What is drawn from the code is as the code is; and a page that is not would be found, named and mended. */
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { createMachine } from "xstate"
import { afterAll, describe, expect, it } from "vitest"
import { drawErrors } from "../../docs/draw/errors.ts"
import { drawLifecycle } from "../../docs/draw/lifecycle.ts"
import { live } from "../../docs/draw/events.ts"
import { command, compare, mend } from "../../docs/draw/page.ts"
import { pages } from "../../docs/draw/pages.ts"
import { drawRegions } from "../../docs/draw/regions.ts"
import { drawStateDiagram } from "../../src/draw/markdown.ts"
import { type SealedEvent, verifyChain } from "../../src/order/auditChain.ts"
import { tabulate } from "../../src/order/lifecycleTable.ts"
import { type makeOrderMachine, orderMachine } from "../../src/order/orderMachine.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (path: string) => readFileSync(join(root, path), "utf8")

describe("what is drawn from the code", () => {
  it.each(pages)(`$path is as the code is; if not, ${command} writes it`, async (page) => {
    const { written, drawn } = await compare(page, root)
    expect(written, `${page.path} is stale: ${command} writes it`).toBe(drawn)
  })

  it("is every page that says so", () => {
    const marked = ["README.md", ...globSync("docs/**/*.md", { cwd: root })].filter((path) => /^<!-- drawn: /m.test(read(path)))
    expect(marked.length).toBeGreaterThan(2)
    expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(marked))
  })

  it("links to what exists, down to the place in the page", () => {
    const drawnPages = pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && path.endsWith(".md"))
    const links = drawnPages.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = ""]) => ({ path, target }))
    )
    expect(links.length).toBeGreaterThan(100)
    const anchorsOf = (path: string) => {
      const text = read(path)
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-")
      )
      return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)])
    }
    const broken = links.filter(({ path, target }) => {
      const [file = "", anchor] = target.split("#")
      const to = file === "" ? path : join(dirname(path), file)
      return !existsSync(join(root, to)) || (anchor !== undefined && !anchorsOf(to).has(anchor))
    })
    expect(broken).toEqual([])
  })
})

describe("the page of errors", () => {
  it("begins with the errors that the specification lists for a cancel, in its order", () => {
    const [, section = ""] = read("docs/reference/errors.md").split("## Cancelling an order\n")
    const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| \[`(\w+)`\]/gm)].map(([, code]) => code)
    expect(rows).toEqual(["NOT_FOUND", "ORDER_NOT_CANCELLABLE", "ALREADY_CANCELLED"])
  })
})

describe("the page of audit events", () => {
  it("shows events of a history whose chain verifies", async () => {
    const stored = [...read("docs/reference/events.md").matchAll(/As it is stored:\n\n```json\n([\s\S]*?)```/g)].map(
      ([, json = ""]) => JSON.parse(json) as SealedEvent
    )
    expect(stored.length).toBeGreaterThan(10)
    const history = (await live()).map((each) => each.stored)
    expect(verifyChain(history)).toBeNull()
    // One of each kind is shown, the first that the order had.
    expect(stored.toSorted((a, b) => a.event.sequence - b.event.sequence)).toEqual(
      history.filter(({ event }, index) => history.findIndex((each) => each.event.type === event.type) === index)
    )
  })
})

// --- would it be found? --------------------------------------------------------------------------------------------------------------

/** The machine with a pending order that means something else, and is not cancelled unless one thing more holds. */
const changedMachine = (description: string, fact: string): ReturnType<typeof makeOrderMachine> => {
  const { states } = orderMachine.config
  const guard = { type: "unless", params: { fact } }
  const refuse = { type: "refuse", params: { code: "ORDER_NOT_CANCELLABLE" } }
  const answers = states?.pending?.on?.cancel as ReadonlyArray<object> | undefined
  const cancel = [{ guard, actions: refuse }, ...(answers ?? [])]
  const pending = { ...states?.pending, description, on: { ...states?.pending?.on, cancel } }
  const config = { ...orderMachine.config, states: { ...states, pending } }
  return createMachine(config as object, orderMachine.implementations as object) as never
}

describe("a change of the machine", () => {
  const machine = changedMachine("Waiting for a decision.", "customerMatches")
  const lifecycle = tabulate("noActiveSubscriptions", machine)

  it("in what a status means or in what a command needs is a change of the page about the lifecycle", () => {
    const before = new Set(drawLifecycle().split("\n"))
    const added = drawLifecycle(lifecycle, machine)
      .split("\n")
      .filter((line) => !before.has(line))
    expect(added).toEqual([
      "| `pending` | Waiting for a decision. |",
      "| `pending` | `cancel` | `cancelled` | `customerMatches`, `noActiveSubscriptions` | `releaseHeldUnits` | – |",
      expect.stringContaining("| `pending` | `cancel` | – | not `customerMatches` | [`ORDER_NOT_CANCELLABLE`]")
    ])
  })

  it("is a change of the page about errors", async () => {
    const row = "| `cancel` | `pending` | `customerMatches` | `OrderNotCancellable` |"
    expect(await drawErrors([lifecycle])).toContain(row)
    expect(await drawErrors()).not.toContain(row)
  })
})

describe("npm run docs:draw", () => {
  const folder = mkdtempSync(join(tmpdir(), "order-lifecycle-drawn-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  it("names the pages that are stale and mends them, and leaves the rest of a page alone", async () => {
    const few = pages.filter(({ path }) => ["README.md", "docs/lifecycle.md", "docs/testing-your-store.md"].includes(path))
    for (const { path } of few) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      copyFileSync(join(root, path), join(folder, path))
    }
    await mend(few, folder)
    expect(await mend(few, folder)).toEqual([])

    const [readme, lifecycle] = [join(folder, "README.md"), join(folder, "docs/lifecycle.md")] as const
    const [fresh, drawn] = [readFileSync(readme, "utf8"), readFileSync(lifecycle, "utf8")] as const
    const edited = fresh.replace("## Start", "## Begin")
    writeFileSync(readme, edited.replace("stateDiagram-v2", "stateDiagram-v1"))
    rmSync(lifecycle)
    expect(await mend(few, folder)).toEqual(["README.md", "docs/lifecycle.md"])
    expect([readFileSync(readme, "utf8"), readFileSync(lifecycle, "utf8")]).toEqual([edited, drawn])
    expect(edited).not.toBe(fresh)
  })
})

describe("a drawn region", () => {
  const page = "Before\n<!-- drawn: a -->\nold\n<!-- end of drawn -->\nAfter\n"

  it("is replaced, and nothing else of the page", async () => {
    const drawn = await drawRegions(page, { a: () => "new $1 $& text\n" })
    expect(drawn).toBe("Before\n<!-- drawn: a -->\nnew $1 $& text\n<!-- end of drawn -->\nAfter\n")
  })

  it.each([
    ["is drawn by something", page, {}, "nothing draws the region a"],
    ["stands somewhere", page, { a: drawStateDiagram, b: drawStateDiagram }, "no region <!-- drawn: b -->"],
    ["has an end", page.replace("<!-- end of drawn -->\n", ""), { a: drawStateDiagram }, "1 drawn regions begin"],
    ["stands once", page + page, { a: drawStateDiagram }, "2 drawn regions begin (a)"]
  ])("%s", async (_, written, drawers, fault) => {
    const named = Object.fromEntries(Object.entries(drawers).map(([name, draw]) => [name, () => draw()]))
    await expect(drawRegions(written, named)).rejects.toThrow(fault)
  })
})
