/**
 * A page for every source file, with a line number to link to, so that who reads about the code on the site can read the code there. They
 * are plain HTML: no script, no part of the site's index.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { createHighlighter } from "shiki"
import { sourceFiles } from "./sourceLinks.ts"

/** Colours that everybody can tell from the background. */
export const codeThemes = { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } as const

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const page = (path: string, code: string) => `<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(path)} · order-lifecycle</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<style>
:root { color-scheme: light dark }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: #fff; color: #24292e }
header { padding: 12px 24px; border-bottom: 1px solid #8884 }
h1 { display: inline; font-size: 15px; margin-left: 12px }
a { color: #3451b2 }
pre { margin: 0; padding: 16px 0; overflow-x: auto; font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.line { display: inline-block; width: 100%; padding-left: 24px; box-sizing: border-box }
.line::before { content: attr(data-line); display: inline-block; width: 3em; margin-right: 1.5em; text-align: right; opacity: 0.7 }
.line:target { background: #ffd33d44 }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1f; color: #dfdfd6 }
  a { color: #a8b1ff }
  .shiki, .shiki span { color: var(--shiki-dark) !important }
}
</style>
</head>
<body>
<header><a href="/">order-lifecycle</a><h1>${escape(path)}</h1></header>
<main>${code}</main>
</body>
</html>
`

/** Write the pages beside the site that was built in \`folder\`. */
export const writeSourcePages = async (folder: string): Promise<void> => {
  const highlighter = await createHighlighter({ themes: Object.values(codeThemes), langs: ["ts", "json", "md"] })
  for (const { path, file } of sourceFiles()) {
    const code = highlighter.codeToHtml(readFileSync(file, "utf8").trimEnd(), {
      lang: path.slice(path.lastIndexOf(".") + 1),
      themes: codeThemes,
      transformers: [
        {
          line(node, line) {
            node.properties.id = `L${line}`
            node.properties["data-line"] = line
          },
          pre(node) {
            node.properties.style = ""
          }
        }
      ]
    })
    const target = join(folder, "source", `${path}.html`)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, page(path, code))
  }
  highlighter.dispose()
}
