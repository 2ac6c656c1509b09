/**
 * Links from a page to the sources, to tests and to other files outside `docs`. In the repository they lead to the file; on the site, to a
 * page that shows it.
 */
import { globSync } from "node:fs"
import { dirname, posix, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { MarkdownRenderer } from "vitepress"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What the site shows of the sources: path from the root, and where it is. */
export const sourceFiles = (): ReadonlyArray<{ readonly path: string; readonly file: string }> =>
  globSync(["src/**/*.ts", "test/**/*.ts", "docs/examples/*.ts", "docs/draw/*.ts", "package.json"], { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted()
    .map((path) => ({ path, file: resolve(root, path) }))

const shown = new Set(sourceFiles().map(({ path }) => path))

/** Where a link leads on the site, when it is not to another page of it. */
const targetOf = (page: string, href: string): string | undefined => {
  const [path = "", anchor] = href.split("#")
  const file = resolve(dirname(resolve(root, "docs", page)), path)
  const fromRoot = relative(root, file).replaceAll("\\", "/")
  if (fromRoot === "README.md") return "/"
  if (path.endsWith(".md") && fromRoot.startsWith("docs/")) return undefined
  if (fromRoot.startsWith("docs/") && !fromRoot.endsWith(".ts")) return undefined
  if (!shown.has(fromRoot)) throw new Error(`${page}: links to ${href}, and the site does not show ${fromRoot}`)
  return `/source/${posix.normalize(fromRoot)}.html${anchor === undefined ? "" : `#${anchor}`}`
}

/** For markdown-it: a relative link that leaves the site becomes a link to the page of that file. */
export const sourceLinks = (md: MarkdownRenderer): void => {
  md.core.ruler.push("source-links", ({ tokens, env }) => {
    for (const token of tokens.flatMap((block) => [block, ...(block.children ?? [])])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null
      if (href === null || /^(?:[a-z]+:|[/#])/.test(href)) continue
      const target = targetOf(String(env.relativePath), href)
      if (target !== undefined) token.attrSet("href", target)
    }
  })
}
