/**
 * The library with a bug that someone could write: its sources are copied, a text in them is changed, and modules are loaded from the copy. The
 * simulation runs on services, machine and store as they are there.
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

/** A module below `src`, from the copy that has the bugs in it. */
export type LoadPlanted = <Module>(file: string) => Promise<Module>

/** Use modules of a copy with bugs in it. */
export const withPlantedSource = async <A>(
  bugs: ReadonlyArray<Planted>,
  use: (load: LoadPlanted, folder: string) => Promise<A>
): Promise<A> => {
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
    // What the module is made of is what the caller says: the copy has the types of what it was copied from.
    return await use((file) => import(/* @vite-ignore */ pathToFileURL(join(folder, "src", file)).href) as Promise<never>, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Use the simulation of a copy with bugs in it. */
export const withPlanted = <A>(bugs: ReadonlyArray<Planted>, use: (simulation: Simulation) => Promise<A>): Promise<A> =>
  withPlantedSource(bugs, async (load, folder) => {
    const modules = ["hunt", "playScript", "printScript"].map((name) => load<Partial<Simulation>>(`simulation/${name}.ts`))
    return use(Object.assign({ folder }, ...(await Promise.all(modules))) as Simulation)
  })
