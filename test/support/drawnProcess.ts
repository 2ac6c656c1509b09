/** `order-lifecycle docs draw`, as it is run, on a process from a file of this repository. */
import { execFile } from "node:child_process"
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { sharedCompileCache } from "./compileCache.ts"
import { installSource } from "./installedSource.ts"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

/** The processes that are worked out in the documentation, by their names. */
export const workedProcesses = ["cancellation-window", "hold-and-resume", "pick-up"] as const

export const workedProcess = (name: (typeof workedProcesses)[number]): URL =>
  new URL(`../../docs/examples/processes/${name}.ts`, import.meta.url)

export const awkwardFile = new URL("awkwardProcess.ts", import.meta.url)

export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

/** A folder of a user's, with a process in `our-process.ts`, for as long as `use` takes. */
export const inUsersFolder = async <A>(process: URL, use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-draw-"))
  try {
    await installSource(folder)
    await copyFile(process, join(folder, "our-process.ts"))
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Run `docs draw` in a folder. */
export const draw = (cwd: string, ...flags: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((done) => {
    const env = { PATH: process.env["PATH"] ?? "", ...sharedCompileCache() }
    execFile(process.execPath, [main, "docs", "draw", ...flags], { cwd, env }, (error, output, errors) =>
      done({ code: typeof error?.code === "number" ? error.code : 0, output, errors })
    )
  })

/** The pages of a process. */
export const drawnPages = (process: URL, ...flags: ReadonlyArray<string>) =>
  inUsersFolder(process, async (folder) => {
    const { code, output, errors } = await draw(folder, "--process", "our-process.ts", ...flags)
    if (code !== 0) throw new Error(errors)
    const [, markdownFile = "", htmlFile = ""] = /^Written: (\S+), (\S+)\n$/.exec(output) ?? []
    const read = (file: string) => readFile(join(folder, file), "utf8")
    return { markdownFile, htmlFile, markdown: await read(markdownFile), html: await read(htmlFile) }
  })
