/** `order-lifecycle docs draw`, as it is run: what it writes, and what it says when it cannot. */
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { draw, drawnPages, inUsersFolder, workedProcess, workedProcesses } from "../support/drawnProcess.ts"

describe("docs draw", () => {
  it.each(workedProcesses)("writes two pages of %s, called like the process", async (name) => {
    const { markdownFile, htmlFile, markdown, html } = await drawnPages(workedProcess(name), "--out", "docs/lifecycle")
    expect([markdownFile, htmlFile]).toEqual([`docs/lifecycle/${name}.md`, `docs/lifecycle/${name}.html`])
    expect(markdown).toContain(`# The lifecycle of an order: ${name}\n`)
    expect(html).toContain(`<h1>The lifecycle of an order: ${name}</h1>`)
  })

  it("draws the same page again, and another one under another policy", () =>
    inUsersFolder(workedProcess("hold-and-resume"), async (folder) => {
      const pageUnder = async (...flags: ReadonlyArray<string>) => {
        expect(await draw(folder, "--process", "our-process.ts", ...flags)).toMatchObject({ code: 0, errors: "" })
        return readFile(join(folder, "hold-and-resume.md"), "utf8")
      }
      const usual = await pageUnder()
      expect(await pageUnder("--cancellation-policy", "noActiveSubscriptions")).toBe(usual)
      const other = await pageUnder("--policy", "beforeFulfilment")
      expect(other).toContain("cancel [beforeFulfilment]")
      expect(other).not.toContain("noActiveSubscriptions")
    }))

  it("says in one line why it cannot, and names every fault of a process", () =>
    inUsersFolder(workedProcess("pick-up"), async (folder) => {
      const fails = async (file: string, told: string | RegExp, ...flags: ReadonlyArray<string>) => {
        const { code, output, errors } = await draw(folder, "--process", file, ...flags)
        expect([code, output]).toEqual([2, ""])
        expect(errors).toMatch(told)
      }
      const file = async (name: string, text: string) => {
        await writeFile(join(folder, name), text)
        return name
      }
      const process = 'import { orderProcess } from "order-lifecycle"\nexport const ours = orderProcess'
      await fails("nowhere.ts", /^Cannot draw: --process: there is no file nowhere\.ts\n$/)
      await fails(await file("broken.ts", "export const ="), /^Cannot draw: --process: broken\.ts cannot be loaded: .+\n$/)
      await fails(
        await file("empty.ts", "export const nothing = 1\n"),
        /^Cannot draw: --process: empty\.ts exports no process that orderProcess made\n$/
      )
      await fails(
        await file("two.ts", `${process}("a")\nexport const others = orderProcess("b")\n`),
        /^Cannot draw: --process: two\.ts exports 2 processes: export one\n$/
      )
      await fails(
        await file("wrong.ts", `${process}("a b", { version: 0 })\n`),
        /^Cannot draw: the process a b cannot be used:\n {2}the name .+\n {2}the version .+\n$/
      )
      await fails("our-process.ts", /^Cannot draw: our-process\.ts: .+\n$/, "--out", "our-process.ts")
      expect(existsSync(join(folder, "pick-up.md"))).toBe(false)
    }))
})
