/** Examples of code as they stand in `docs/examples`, where they are type-checked and run. */
import { readFileSync } from "node:fs"
import { fence } from "../../src/draw/markdown.ts"

/** The regions of these examples: each is called like its file. */
export const examples = (...paths: ReadonlyArray<`docs/examples/${string}.ts`>): Readonly<Record<string, () => string>> =>
  Object.fromEntries(
    paths.map((path) => [path, () => fence("ts", readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"))])
  )
