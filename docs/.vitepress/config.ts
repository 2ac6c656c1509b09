/** The site: what is in it, in which order, and how it is made. `npm run docs:build` builds it, `npm run docs` shows it. */
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type DefaultTheme, defineConfig, type Plugin } from "vitepress"
import llmstxt from "vitepress-plugin-llms"
import { mermaidFences } from "./mermaidFences.ts"
import { sourceLinks } from "./sourceLinks.ts"
import { codeThemes, writeSourcePages } from "./sourcePages.ts"
import { themeAliases } from "./themeParts.ts"
import { unusedCss } from "./unusedCss.ts"

const docs = fileURLToPath(new URL("..", import.meta.url))

/** The title of a page is its first heading. */
const titleOf = (path: string): string => {
  const title = /^# (?:Feature: )?(.+)$/m.exec(readFileSync(`${docs}${path}`, "utf8"))?.[1]
  if (title === undefined) throw new Error(`docs/${path} has no title: give it a first line like "# Title"`)
  return title
}

const entry = (path: string): DefaultTheme.SidebarItem => ({
  text: titleOf(path),
  link: `/${path.replace(/(?:index)?\.md$/, "")}`
})

const listed = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/\]\(([\w.-]+\.md)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path)

/** The pages of a folder: its index, and the others in the order in which the index speaks of them. */
const pagesIn = (folder: string): Array<DefaultTheme.SidebarItem> => {
  const order = ["index.md", ...listed(readFileSync(`${docs}${folder}/index.md`, "utf8"))]
  const position = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return globSync("*.md", { cwd: `${docs}${folder}` })
    .toSorted((a, b) => position(a) - position(b))
    .map((name) => ({ ...entry(`${folder}/${name}`), ...(name === "index.md" && { text: "Overview" }) }))
}

const pages = (...paths: ReadonlyArray<string>): Array<DefaultTheme.SidebarItem> => paths.map(entry)

const reference = ["errors", "events", "http", "settings", "commands"].map((name) => `reference/${name}.md`)

/** A part of the site that has a list of its own. */
const part = (text: string, folder: string): Array<DefaultTheme.SidebarItem> => [allOfIt, { text, items: pagesIn(folder) }]

const allOfIt: DefaultTheme.SidebarItem = { items: [{ text: "All of the documentation", link: "/guides/" }] }

/** Nothing in it opens and closes: it would do so only when the page has come to life, and move what is below. */
const sidebar: DefaultTheme.Sidebar = {
  "/scenarios/": part("Scenarios", "scenarios"),
  // Every page has these lists in it, so the longest stands on its own page only.
  "/decisions/": [allOfIt, { text: "Decisions", items: [{ ...entry("decisions/index.md"), text: "Overview" }] }],
  "/api/": part("API", "api"),
  "/": [
    { text: "Start", items: pages("live.md", "lifecycle.md", "asset-lifecycle.md", "scenarios/index.md") },
    { text: "Guides", items: [...pagesIn("guides"), ...pages("performance.md", "testing-your-store.md", "simulation.md")] },
    { text: "Reference", items: pages(...reference, "api/index.md") },
    { text: "How it is built", items: pages("ARCHITECTURE.md", "STYLE.md", "decisions/index.md") }
  ]
}

export default defineConfig({
  title: "order-lifecycle",
  description: "Rental and subscription orders that are never lost, leaked or half done",
  lang: "en-GB",
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", href: "/icon.svg" }]],
  markdown: {
    theme: codeThemes,
    config: (md) => {
      md.use(mermaidFences)
      md.use(sourceLinks)
    }
  },
  // Pages of source files are written after the site was built; test/docs/site.test.ts follows every link.
  ignoreDeadLinks: [/^\/source\//],
  buildEnd: ({ outDir }) => writeSourcePages(outDir),
  // A page is loaded when it is asked for, not when a link to it comes into view.
  router: { prefetchLinks: false },
  vite: {
    build: {
      target: "es2022",
      minify: "terser",
      terserOptions: {
        module: true,
        ecma: 2020,
        compress: { passes: 3, pure_getters: true, keep_fargs: false, unsafe_arrows: true }
      }
    },
    define: { __VUE_OPTIONS_API__: "false" },
    resolve: { alias: themeAliases },
    plugins: [
      unusedCss(),
      // Its types are those of another version of Vite; VitePress runs it with its own.
      ...(llmstxt({
        details: "Each page is also there as plain Markdown: put .md in the place of .html."
      }) as unknown as Array<Plugin>)
    ]
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Quick start", link: "/guides/quick-start" },
      { text: "Live machine", link: "/live" },
      { text: "Lifecycle", link: "/lifecycle" },
      { text: "Scenarios", link: "/scenarios/" },
      { text: "API", link: "/api/" }
    ],
    sidebar,
    docFooter: { prev: "Before", next: "Next" }
  }
})
