/**
 * The hand-written pages are true: every fence is run or checked, and what a page shows is what comes out. The rules are in
 * `docs/STYLE.md`, "Documents". `npm run docs:outputs` writes the outputs of a run into the pages.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, inject, it } from "vitest"
import { checkTypes } from "../support/pages/checkTypes.ts"
import { readFences } from "../support/pages/readFences.ts"
import { handWrittenPages } from "../support/pages/refreshOutputs.ts"
import { differences, root, runPage } from "../support/pages/runPage.ts"

const pages = handWrittenPages().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
const exemptions: Array<string> = []

/** Everything that is wrong with a page when it is run. */
const faultsOf = async (path: string, text: string): Promise<ReadonlyArray<string>> => {
  const run = await runPage(path, text, inject("postgresUrl"))
  exemptions.push(...run.exemptions)
  return run.faults.length > 0 ? run.faults : differences(path, text, run)
}

describe("the hand-written pages", () => {
  it("have programs that the compiler accepts", async () => {
    expect(await checkTypes(pages)).toEqual([])
  })

  it.each(pages)("$path shows what happens", async ({ path, text }) => {
    expect(await faultsOf(path, text)).toEqual([])
  })

  it("leave out next to nothing, and say why", () => {
    expect(exemptions.toSorted()).toEqual([
      "docs/guides/postgresql-in-production.md: pg_dump and pg_restore come with PostgreSQL, in the version of your server",
      "docs/guides/postgresql-in-production.md: takes Citus",
      "docs/guides/postgresql-in-production.md: takes Citus",
      "docs/simulation.md: each of these takes minutes; the figures below are those of shorter ones",
      "docs/testing-your-store.md: shortened"
    ])
    expect(pages.flatMap(({ text }) => readFences(text)).length).toBeGreaterThan(100)
  })

  // These two are written for the site and mean what they say.
  it.each(pages.filter(({ path }) => path !== "docs/live.md" && path !== "docs/index.md"))(
    "$path has no angle bracket or brace that a site would take for its own",
    ({ text }) => {
      const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "")
      expect(prose.match(/<(?!!--)|\{\{/g)).toBe(null)
    }
  )
})

/** A page that is not there, with one fault. */
const page = (...lines: ReadonlyArray<string>) => lines.join("\n")
const planted = "docs/guides/planted.md"

describe("a page with a fault is found out", () => {
  it.each([
    [
      "an output that is not what comes out",
      page("```sh", "echo one", "```", "", "```text", "two", "```", ""),
      ":6: shows\n  two\nand the run gives\n  one\n"
    ],
    [
      "an output that is longer",
      page("```sh", "echo one; echo two", "```", "", "```text", "one", "```", ""),
      ":7: shows\n  ```\nand the run gives\n  two\n"
    ],
    [
      "a value that is another",
      page("```ts", "const two = 1 + 1 // => 3", "two", "```", ""),
      ":2: shows\n  const two = 1 + 1 // => 3\nand the run gives\n  const two = 1 + 1 // => 2\n"
    ],
    [
      "a value that is never shown",
      page("```ts", "if (process.argv.length === 0) {", "  1 + 1 // => 2", "}", "```", ""),
      ":3: no value came by here"
    ],
    ["a value behind half an expression", page("```ts", "export const two = [", "  1", "] // => 2", "```", ""), ":4: "],
    ["a fence that never ends", page("```json", "{}", ""), ":1: this fence is never closed"],
    [
      "a drawn region that never ends",
      page("<!-- drawn: table -->", "```sh", "true", "```", "# Next", ""),
      ':2: the region "drawn: table" has no end'
    ],
    ["a print that is not shown", page("```ts", "console.log(1)", "```", ""), ":1: what it prints is not shown"],
    ["a program that fails", page("# Title", "```ts", "1 // => 1", "throw new Error('no')", "```", ""), ":4: Error: no"],
    ["a command that fails", page("```sh", "false", "```", ""), ":1: Error: ended with 1"],
    [
      "a statement that fails",
      page("```sql", "SELECT 1 / 0;", "```", ""),
      ":1: what it prints is not shown: add a ```text fence directly behind it. It prints:\nERROR:  division by zero"
    ],
    ["JSON that is none", page("```json", "{", "```", ""), ":1: SyntaxError"],
    ["a text that nothing prints", page("```text", "one", "```", ""), ":1: nothing runs or checks ```text"],
    ["a language that nothing runs", page("", "```yaml", "a: 1", "```", ""), ":2: nothing runs or checks ```yaml"],
    [
      "an install of something else",
      page("```sh", "npm install order-lifecycle lodash", "```", ""),
      ":1: Error: lodash: no peer dependency"
    ],
    [
      "a change that does not fit",
      page("```diff", "--- a/src/index.ts", "+++ b/src/index.ts", "@@", "-nothing", "+something", "```", ""),
      ":1: Error: this hunk does not fit src/index.ts"
    ]
  ])("%s", async (_, text, message) => {
    const [fault, ...others] = await faultsOf(planted, text)
    expect(others).toEqual([])
    expect(fault?.startsWith(planted + message), fault).toBe(true)
  })

  it("a program that the compiler refuses", async () => {
    const text = page("# Title", "", "```ts", "export const one: number = 'one'", "```", "")
    expect(await checkTypes([{ path: planted, text }])).toEqual([
      expect.stringMatching(/^docs\/guides\/planted\.md:4:14: error TS2322: Type 'string' is not assignable/)
    ])
  })

  it("and one without a fault passes", async () => {
    const text = page("```sh", "echo ord_019aaaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee", "```", "", "```text", "ord_1", "```", "")
    expect(await faultsOf(planted, text)).toEqual([])
  })
})
