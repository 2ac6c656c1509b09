/**
 * `npm run check`, `check:site`, `lint` and `format:check` find what they are there to find.
 *
 * Each of these tools has a way to check nothing and say so in green (a compiler that does not know the Effect rules, a linter without
 * types, a formatter without files). So they run here, with this project's own settings, on a small project with planted faults. That they
 * pass where there are none is seen from this project itself: `npm test` begins with them.
 */
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readCorpus, writeCorpus } from "./support/corpus.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const folders: Array<string> = []

/** A project with this project's settings and these files. */
const projectWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "order-lifecycle-tooling-"))
  folders.push(folder)
  for (const name of ["package.json", "tsconfig.json", ".oxlintrc.json", ".oxfmtrc.json", "docs/.vitepress/tsconfig.json"])
    cpSync(join(root, name), join(folder, name))
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir")
  writeFileSync(join(folder, ".gitignore"), "node_modules\n")
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Run a script of package.json there; whether it passed, and what it printed. */
const run = (
  script: string,
  cwd: string,
  more: ReadonlyArray<string> = [],
  environment: Readonly<Record<string, string | undefined>> = {}
) =>
  new Promise<{ readonly passed: boolean; readonly output: string }>((done) => {
    execFile(
      "npm",
      ["run", "--silent", script, ...more],
      { cwd, env: { ...process.env, ...environment } },
      (error, stdout, stderr) => done({ passed: error === null, output: `${stdout}${stderr}` })
    )
  })

let faulty = ""

beforeAll(() => {
  const page = (expression: string) =>
    `<script setup lang="ts">\ndefineProps<{ readonly units: number }>()\n</script>\n<template>{{ ${expression} }}</template>\n`
  faulty = projectWith({
    "src/order/impure.ts": `import * as fs from "node:fs"
export const now = () => Date.now()
export const later = async () => setTimeout(() => console.log(fs.constants.R_OK, Math.random()), 1)
`,
    "src/lifecycle/floating.ts": `import * as Effect from "effect/Effect"

Effect.succeed(1)
export const wrong: number = "one"
export const promised = () => {
  Promise.resolve(1)
}
export const anything: any = 1
`,
    "src/lifecycle/format.ts": "export   const shape = { a: 1, };\n",
    "docs/.vitepress/live/Faulty.vue": page("unit")
  })
})

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

it("npm run test:long keeps a failing seed in a form that npm test takes, and reads again", async () => {
  const folder = projectWith({})
  const file = join(folder, "test/corpus.json")
  mkdirSync(dirname(file))
  const files = ["test/http/crash.test.ts", "test/embedded/EmbeddedOrderStore.crash.test.ts"]
  for (const entries of [
    [{ files: ["test/proof", "test/verify"], seed: 1_764_240_000, scale: 4 }],
    [
      { files: files, seed: 7, scale: 0.5 },
      { files: [...files, ...files, ...files], seed: 0, scale: 20 }
    ]
  ]) {
    await writeCorpus(file, entries)
    expect(await run("format:check", folder)).toMatchObject({ passed: true })
    expect(await readCorpus(file)).toEqual(entries)
  }
  writeFileSync(file, '[{ "files": [], "seed": 7, "scale": 1 }]\n')
  await expect(readCorpus(file)).rejects.toThrow("files")
})

describe("vitest, at the end of a run,", () => {
  const test = (name: string) => `import { it } from "vitest"\nit(${JSON.stringify(name)}, () => {})\n`
  const config = `import { defineConfig } from "vitest/config"
export default defineConfig({
  test: { include: ["*.test.ts"], globalSetup: [${JSON.stringify(join(root, "test/support/evidenceTable.ts"))}] }
})
`
  const runTests = (...files: ReadonlyArray<string>) => {
    const folder = projectWith({ "vitest.config.ts": config, "a.test.ts": test("a"), "b.test.ts": test("b") })
    return run("test:only", folder, ["--", ...files], { EVIDENCE_FILE: undefined })
  }

  it("fails a whole run that has not seen what must happen, and says what", async () => {
    const { passed, output } = await runTests()
    expect(output).toContain("2 passed")
    expect(output).toContain("FAILED: the run proves less than it should")
    expect(output).toContain("a lost race was decided again (0)")
    expect(passed).toBe(false)
  })

  it("expects nothing of the kind from a run of some files", async () => {
    expect(await runTests("a.test.ts")).toMatchObject({ passed: true })
  })
})

describe.each([
  [
    "check",
    [
      "floating.ts(3,1): error TS377001", // an Effect that nobody runs
      "floating.ts(4,14): error TS2322", // an ordinary type error
      "effect(nodeBuiltinImport)",
      "effect(globalDate)",
      "effect(asyncFunction)",
      "effect(globalTimers)",
      "effect(globalConsole)",
      "effect(globalRandom)"
    ]
  ],
  ["check:site", ["Faulty.vue(4,14): error TS2551"]],
  ["lint", ["typescript(no-floating-promises)", "typescript(no-explicit-any)"]],
  ["format:check", ["src/lifecycle/format.ts"]]
])("npm run %s", (script, findings) => {
  it("finds the faults planted for it, and fails", async () => {
    const { passed, output } = await run(script, faulty)
    for (const finding of findings) expect(output).toContain(finding)
    expect(passed).toBe(false)
  })
})
