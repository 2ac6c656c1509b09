/** One browser for a file of tests, and pages in it that reach this machine and nothing else. */
import { type BrowserContextOptions, chromium, type Browser, type Page } from "playwright-core"
import { afterAll, beforeAll, expect, inject } from "vitest"
import { hangMs } from "../support/limits.ts"

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

let browser: Browser

/** Start a browser for the tests of this file. */
export const useBrowser = (): void => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: inject("chromiumPath"), args: flags, timeout: hangMs })
  })
  afterAll(() => browser.close())
}

export const siteUrl = (): string => inject("siteUrl")

/** A page in a context of its own. What it asks of any other place than `home`, and what goes wrong in it, fails the test at the end. */
export const withPage = async <A>(
  use: (page: Page) => Promise<A>,
  options: BrowserContextOptions = {},
  home = siteUrl()
): Promise<A> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options })
  context.setDefaultTimeout(hangMs)
  const strangers: Array<string> = []
  const faults: Array<string> = []
  await context.route(
    (url) => url.origin !== home,
    (route) => {
      strangers.push(route.request().url())
      return route.abort()
    }
  )
  const page = await context.newPage()
  page.on("pageerror", (error) => faults.push(String(error)))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text())
  })
  try {
    const result = await use(page)
    expect({ strangers, faults }).toEqual({ strangers: [], faults: [] })
    return result
  } finally {
    await context.close()
  }
}
