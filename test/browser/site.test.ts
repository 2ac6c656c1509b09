/** The site as a whole: links lead somewhere, everybody can read it, it is light, and it needs nobody else. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { siteUrl, useBrowser, withPage } from "./browser.ts"
import { command, openLive } from "./livePage.ts"

useBrowser()

const dist = fileURLToPath(new URL("../../docs/.vitepress/dist/", import.meta.url))
const files = globSync("**/*.html", { cwd: dist }).map((path) => path.replaceAll("\\", "/"))
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** One page of each kind. */
const kinds = [
  "index.html",
  "live.html",
  "lifecycle.html",
  "guides/quick-start.html",
  "scenarios/index.html",
  "reference/errors.html",
  "reference/events.html",
  "api/order-lifecycle.html",
  "ARCHITECTURE.html",
  "source/src/order/orderMachine.ts.html"
]

/** Where a link of a page leads: the file, and the anchor in it. Null where it leaves the site. */
const targetOf = (from: string, link: string): { readonly file: string; readonly anchor: string } | null => {
  const url = new URL(link.replaceAll("&amp;", "&"), `${siteUrl()}/${from}`)
  if (url.origin !== siteUrl()) return null
  const path = decodeURIComponent(url.pathname).slice(1)
  return { file: path === "" || path.endsWith("/") ? `${path}index.html` : path, anchor: decodeURIComponent(url.hash.slice(1)) }
}

const idsByFile = new Map<string, ReadonlySet<string>>()
const idsOf = (file: string): ReadonlySet<string> => {
  const known = idsByFile.get(file)
  if (known) return known
  const ids = new Set([...readFileSync(join(dist, file), "utf8").matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => id))
  idsByFile.set(file, ids)
  return ids
}

describe("the site", () => {
  it("has no link within it that leads nowhere", () => {
    const broken: Array<string> = []
    let followed = 0
    for (const from of files) {
      for (const [, link = ""] of readFileSync(join(dist, from), "utf8").matchAll(/<\w[^<>]*?\s(?:href|src)="([^"]+)"/g)) {
        const target = targetOf(from, link)
        if (target === null) continue
        followed++
        if (!existsSync(join(dist, target.file))) broken.push(`${from}: ${link}`)
        else if (target.anchor !== "" && target.file.endsWith(".html") && !idsOf(target.file).has(target.anchor)) {
          broken.push(`${from}: ${link} (no such heading)`)
        }
      }
    }
    expect(broken).toEqual([])
    expect(followed).toBeGreaterThan(2_000)
  })

  it("finds what is searched for, without any other machine", () =>
    withPage(async (page) => {
      await page.goto(`${siteUrl()}/lifecycle.html`)
      await page.getByRole("button", { name: "Search" }).click()
      await page.locator("#localsearch-input").fill("ORDER_NOT_CANCELLABLE")
      await page.locator(".VPLocalSearchBox .result").first().click()
      await page.waitForURL((url) => url.pathname !== "/lifecycle.html" || url.hash !== "")
      expect(await page.locator(".vp-doc").innerText()).toContain("ORDER_NOT_CANCELLABLE")
    }))

  it("can be read without JavaScript", () =>
    withPage(
      async (page) => {
        await page.goto(`${siteUrl()}/`)
        await page.getByRole("link", { name: "Quick start" }).first().click()
        expect(await page.locator("h1").innerText()).toContain("Quick start")
        await page.goto(`${siteUrl()}/lifecycle.html`)
        expect(await page.locator("table").last().innerText()).toContain("ORDER_NOT_CANCELLABLE")
        expect(await page.locator(".diagram svg .node").count()).toBe(6)
      },
      { javaScriptEnabled: false }
    ))

  it("offers itself as plain text to programs that read it", () => {
    const overview = readFileSync(join(dist, "llms.txt"), "utf8")
    const pages = [...overview.matchAll(/\]\((\/[^)]+\.md)\)/g)].map(([, path = ""]) => path)
    expect(pages.length).toBeGreaterThan(15)
    expect(pages.filter((path) => !existsSync(join(dist, path)))).toEqual([])
  })
})

/** Violations of the Web Content Accessibility Guidelines that keep people out. */
const accessibilityFaults = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe)
  return page.evaluate<ReadonlyArray<string>>(`axe.run().then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => id + ": " + help + " at " + target + " " + failureSummary)))`)
}

/** How far things moved on the page while it was loading and settling. */
const layoutShift = (page: Page): Promise<number> =>
  page.evaluate<number>(`new Promise((resolve) => {
    let shift = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value
    }).observe({ type: "layout-shift", buffered: true })
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(shift)))
  })`)

describe.each(kinds)("%s", (path) => {
  it.each(["light", "dark"] as const)("has no serious accessibility fault in the %s", (colorScheme) =>
    withPage(
      async (page) => {
        await page.goto(`${siteUrl()}/${path}`, { waitUntil: "networkidle" })
        expect(await accessibilityFaults(page)).toEqual([])
      },
      { colorScheme }
    )
  )

  it("does not move while it loads", () =>
    withPage(async (page) => {
      await page.goto(`${siteUrl()}/${path}`, { waitUntil: "networkidle" })
      expect(await layoutShift(page)).toBeLessThan(0.01)
    }))
})

describe("the live page", () => {
  it("loads under 150 kB, compressed", () =>
    withPage(async (page) => {
      const bytesByPath = new Map<string, number>()
      page.on("response", async (response) => {
        bytesByPath.set(new URL(response.url()).pathname, gzipSync(await response.body()).length)
      })
      await page.goto(`${siteUrl()}/live.html`, { waitUntil: "networkidle" })
      await expect.poll(() => [...bytesByPath.keys()].some((path) => path.includes("LiveMachine"))).toBe(true)
      const bytes = [...bytesByPath.values()].reduce((sum, each) => sum + each, 0)
      expect(bytes, JSON.stringify([...bytesByPath])).toBeLessThan(150_000)
    }))

  it.each(["light", "dark"] as const)("has no serious accessibility fault after a refusal in the %s", (colorScheme) =>
    withPage(
      async (page) => {
        await openLive(page)
        await command(page, "startSubscription").click()
        await page.locator(".live-events summary").first().click()
        expect(await accessibilityFaults(page)).toEqual([])
      },
      { colorScheme, viewport: { width: 390, height: 844 } }
    )
  )
})
