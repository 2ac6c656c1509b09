/** Markdown that reads the same on GitHub and in VitePress, which takes a bare `<` or two braces for its own. */
import { command } from "./page.ts"

export const code = (text: string): string => `\`${text}\``

export const codes = (texts: Iterable<string>): string => [...texts].map(code).join(", ")

/** Prose as it may stand anywhere: what is not code in it cannot be taken for HTML, nor for a template. */
export const prose = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll("<", "&lt;").replaceAll("{{", "&#123;&#123;")))
    .join("")

/** One cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")

export const fence = (language: string, content: string): string => `\`\`\`${language}\n${content.trimEnd()}\n\`\`\``

export const json = (value: unknown): string => fence("json", JSON.stringify(value, null, 2))

/** What a link can point to: GitHub and VitePress make different ones of a heading like `NOT_FOUND`. */
export const anchored = (name: string, heading: string): string => `<a id="${name.toLowerCase()}"></a>\n\n${heading}`

/** Blocks of a page, with a line between them; nothing stands for an empty one. */
export const blocks = (...parts: ReadonlyArray<string>): string => `${parts.filter((part) => part !== "").join("\n\n")}\n`

/** What a page that is drawn whole begins with. `from` are files, below the root of the project. */
export const heading = (title: string, ...from: ReadonlyArray<string>): string =>
  `# ${title}\n\n*Drawn from ${codes(from)} by \`${command}\`. Do not edit this page: a test compares it with the code.*`
