/** The two pages that are drawn of a process: Markdown, and HTML with the live machine on it. */
import type { Block } from "./content.ts"
import { escaped } from "./escaped.ts"
import { blocksInHtml, inHtml } from "./html.ts"
import { liveScriptElement, scriptHash } from "./livePart.ts"
import { blockInMarkdown, blocks, inMarkdown } from "./markdown.ts"
import { pageStyle } from "./pageStyle.ts"
import { contentOf, drawnFrom, type OwnLifecycle, titleOf } from "./processContent.ts"

/** The page as Markdown. */
export const asMarkdown = (lifecycle: OwnLifecycle): string =>
  blocks(
    `# ${inMarkdown([titleOf(lifecycle)])}`,
    `*${inMarkdown(drawnFrom(lifecycle))}*`,
    ...contentOf(lifecycle).map(blockInMarkdown)
  )

/** The page as HTML that needs nothing else: no network, and no script but its own. */
export const asHtml = (lifecycle: OwnLifecycle): string => {
  const content = contentOf(lifecycle)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'">
<meta name="color-scheme" content="light dark">
<title>${escaped(titleOf(lifecycle))}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${escaped(titleOf(lifecycle))}</h1>
<p>${inHtml(drawnFrom(lifecycle))}</p>
${contents(content)}
</header>
<main>
${blocksInHtml(content)}
</main>
${liveScriptElement}
</body>
</html>
`
}

const contents = (content: ReadonlyArray<Block>): string => {
  const links = content.flatMap((block) =>
    block.kind === "heading" && block.level === 2 ? [`<li><a href="#${block.id}">${escaped(block.text)}</a></li>`] : []
  )
  return `<nav aria-label="Contents"><ul>${links.join("")}</ul></nav>`
}
