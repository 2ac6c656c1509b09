/** Type-checks the programs of all pages in one run of the project's compiler, under the project's own options. */
import { execFile } from "node:child_process"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { programOf } from "./pageModule.ts"
import { readFences } from "./readFences.ts"
import { root } from "./runPage.ts"

let checks = 0

/** What the compiler objects to: `docs/guides/idempotency.md:33:7: error TS2322: …`. */
export const checkTypes = async (
  pages: ReadonlyArray<{ readonly path: string; readonly text: string }>
): Promise<ReadonlyArray<string>> => {
  const folder = join(root, ".vitest", "pages", `types-${process.pid}-${checks++}`)
  try {
    await mkdir(folder, { recursive: true })
    for (const { path, text } of pages) {
      const programs = readFences(text).filter(
        ({ language, isDrawn, exemption }) => language === "ts" && !isDrawn && exemption === undefined
      )
      if (programs.length === 0) continue
      const file = join(folder, path.replace(/\.md$/, ".ts"))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, programOf(text, programs))
    }
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["docs", "README.ts"] })
    )
    const PATH = [dirname(process.execPath), join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter)
    const output = await new Promise<string>((resolve) => {
      execFile(
        "sh",
        ["-c", '"$(effect-tsgo get-exe-path)" --pretty false -p tsconfig.json'],
        { cwd: folder, env: { ...process.env, PATH } },
        (error, stdout, stderr) => resolve(error === null ? "" : `${stdout}${stderr}`)
      )
    })
    const errors = output.split("\n").filter((line) => line !== "" && !/: (?:suggestion|warning|message) /.test(line))
    return errors.map((line) => line.replace(/^(\S+)\.ts\((\d+),(\d+)\)/, "$1.md:$2:$3"))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
