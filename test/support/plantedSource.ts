/**
 * The library with a bug that someone could write: its sources are copied, a text in them is changed, and the simulation is loaded from the
 * copy, so that it runs on services, machine and store as they are there.
 */
import { cpSync } from "node:fs"
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { hunt } from "../../src/simulation/hunt.ts"
import type { playScript } from "../../src/simulation/playScript.ts"
import type { printScript } from "../../src/simulation/printScript.ts"

const root = new URL("../..", import.meta.url)

/** A text of a file below `src`, and what stands there instead. */
export type Planted = readonly [file: string, text: string, instead: string]

interface Simulation {
  readonly hunt: typeof hunt
  readonly playScript: typeof playScript
  readonly printScript: typeof printScript
  /** The folder that `src` was copied into. */
  readonly folder: string
}

/** Use the simulation of a copy with bugs in it. */
export const withPlanted = async <A>(bugs: ReadonlyArray<Planted>, use: (simulation: Simulation) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-planted-"))
  try {
    cpSync(new URL("src", root), join(folder, "src"), { recursive: true })
    await symlink(new URL("node_modules", root), join(folder, "node_modules"))
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    for (const [file, text, instead] of bugs) {
      const path = join(folder, "src", file)
      const source = await readFile(path, "utf8")
      if (source.split(text).length !== 2) throw new Error(`${file} does not have ${JSON.stringify(text)} exactly once`)
      await writeFile(
        path,
        source.replace(text, () => instead)
      )
    }
    const load = (name: "hunt" | "playScript" | "printScript"): Promise<Simulation> =>
      import(/* @vite-ignore */ pathToFileURL(join(folder, "src/simulation", `${name}.ts`)).href) as Promise<Simulation>
    return await use({ ...(await load("hunt")), ...(await load("playScript")), ...(await load("printScript")), folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
