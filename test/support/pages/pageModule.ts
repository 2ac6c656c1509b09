/**
 * The program of a page: all its `ts` fences, one after the other, as one module. Every line stands where it stands in the page, so that
 * whatever is said of line 33 of the module is said of line 33 of the page.
 */
import { fileURLToPath } from "node:url"
import type { Fence } from "./readFences.ts"

const runner = fileURLToPath(new URL("runPage.ts", import.meta.url))

/** As readers would put it together: for the compiler. */
export const programOf = (text: string, fences: ReadonlyArray<Fence>): string =>
  keepLines(
    text,
    fences,
    () => "",
    (line) => line
  )

/** As it is run: it says how far it has come, and shows the values in front of each `// =>`. */
export const moduleOf = (text: string, fences: ReadonlyArray<Fence>, run: string): string => {
  let isFirst = true
  return keepLines(
    text,
    fences,
    (line) => {
      const head = `import { hooksOf } from ${JSON.stringify(runner)}; const $page = hooksOf(${JSON.stringify(run)}); const console = $page.console; `
      const reach = `await $page.reach(${line});`
      const opening = isFirst ? head + reach : reach
      isFirst = false
      return opening
    },
    (line, number) =>
      line.replace(
        /^(\s*(?:(?:export )?const \w+ = |return )?)(\S.*) \/\/ =>.*$/,
        (_, before: string, expression: string) => `${before}$page.show(${number}, (${expression}))`
      )
  )
}

const keepLines = (
  text: string,
  fences: ReadonlyArray<Fence>,
  open: (line: number) => string,
  inside: (line: string, number: number) => string
): string => {
  const lines = text.split("\n")
  const module = lines.map(() => "")
  for (const fence of fences) {
    module[fence.line - 1] = open(fence.line)
    for (let number = fence.line + 1; number < fence.lastLine; number++)
      module[number - 1] = inside(lines[number - 1] ?? "", number)
  }
  return `${module.join("\n")}\n`
}
