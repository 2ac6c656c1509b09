/** `npm run docs:outputs`: runs every hand-written page and writes what comes out into it. `npm run docs:outputs -- FILE …` only these. */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join, relative, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { pages as drawnPages } from "../../../docs/draw/pages.ts"
import { root, runPage } from "./runPage.ts"

/** A page that is drawn as a whole, and not only a region of it: the test of the drawing checks it. */
const isDrawn = (path: string): boolean =>
  drawnPages.some((page) => page.path === path) && !readFileSync(join(root, path), "utf8").includes("<!-- drawn: ")

/** Every page that people write and whose fences are run here. `README.md` has a test of its own, and decisions are never edited. */
export const handWrittenPages = (): ReadonlyArray<string> =>
  globSync(["docs/*.md", "docs/guides/*.md"], { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !isDrawn(path))
    .toSorted()

/** The page with the outputs of a run. Throws where a fence fails. */
export const refreshOutputs = async (pagePath: string, text: string): Promise<string> => {
  resolvePackageByName()
  const run = await runPage(pagePath, text)
  if (run.faults.length > 0) throw new Error(run.faults.join("\n"))
  return run.text
}

let isResolved = false

/** Outside of vitest, which has an alias for it, Node.js is told where the package is that the pages import by its name. */
const resolvePackageByName = (): void => {
  if (isResolved) return
  isResolved = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const [, entry] = /^order-lifecycle(?:\/(.+))?$/.exec(specifier) ?? []
      if (specifier !== "order-lifecycle" && entry === undefined) return next(specifier, context)
      return { url: pathToFileURL(join(root, "src", entry ?? "", "index.ts")).href, shortCircuit: true }
    }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2).map((path) => relative(root, resolve(path)))
  for (const path of given.length > 0 ? given : handWrittenPages()) {
    const file = join(root, path)
    writeFileSync(file, await refreshOutputs(path, readFileSync(file, "utf8")))
  }
}
