/** A Mermaid fence becomes a picture when the site is built: no script draws it in the reader's browser. */
import { renderMermaidSVG } from "beautiful-mermaid"
import type { MarkdownRenderer } from "vitepress"

/** A guard stands below the only command of an arrow, so that the picture is as narrow as a page. */
const guardsBelow = (text: string): string => text.replaceAll(/(: \w+) (\[\w+\])$/gm, "$1<br/>$2")

/**
 * A state diagram as SVG that takes its colours and its letters from the page (theme/style.css). The renderer would fetch a font from the
 * network and bring rules of its own; a page fetches nothing, and cannot hold rules, so those go.
 */
export const mermaidAsSvg = (text: string): string =>
  renderMermaidSVG(guardsBelow(text), {
    bg: "var(--vp-c-bg)",
    fg: "var(--vp-c-text-1)",
    muted: "var(--vp-c-text-2)",
    transparent: true,
    padding: 8,
    nodeSpacing: 14,
    layerSpacing: 30
  })
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replaceAll(/>\s+</g, "><")
    // A tenth of a pixel is as exact as anybody sees, and the renderer gives up to 14 digits.
    .replaceAll(/\d+\.\d+/g, (number) => String(Number(Number(number).toFixed(1))))
    // Scaled down to a narrow page, never up.
    .replace(/ width="([\d.]+)" height="[\d.]+" style="/, ' style="width: 100%; max-width: $1px; height: auto; ')

const wordsOf = (text: string): string => {
  const arrows = text.match(/-->/g)?.length ?? 0
  return `State diagram with ${arrows} arrows; the table on the page of the lifecycle says the same in words.`
}

/** For markdown-it: fences of the language `mermaid` are drawn. */
export const mermaidFences = (md: MarkdownRenderer): void => {
  const others = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index]
    if (token?.info.trim() !== "mermaid") return others?.(tokens, index, options, env, self) ?? ""
    return `<figure v-pre class="diagram" role="img" aria-label="${wordsOf(token.content)}">${mermaidAsSvg(token.content)}</figure>\n`
  }
}
