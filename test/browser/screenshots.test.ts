/** The pictures in the README and on the site show the page as it is. */
import { expect, it } from "vitest"
import { useBrowser, withPage } from "./browser.ts"
import { difference, readScreenshot, takeScreenshot, writeScreenshot } from "./screenshots.ts"

useBrowser()

it("the picture of the live page is current; if not, npm run docs:screenshots takes it again", () =>
  withPage(async (page) => {
    const taken = await takeScreenshot(page)
    if (process.env["TAKE_SCREENSHOTS"] === "1") writeScreenshot(taken)
    const kept = readScreenshot()
    expect(taken.text).toBe(kept.text)
    expect(difference(taken.png, kept.png)).toBeLessThan(0.02)
  }))

it("a picture of something else is not taken for it", () =>
  withPage(async (page) => {
    const { png } = readScreenshot()
    await page.setViewportSize({ width: 1280, height: 1130 })
    await page.setContent("<h1>Something else</h1>")
    expect(difference(png, await page.screenshot())).toBeGreaterThan(0.02)
    await page.setViewportSize({ width: 640, height: 480 })
    expect(difference(png, await page.screenshot())).toBe(1)
  }))
