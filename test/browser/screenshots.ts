/**
 * The pictures of the live page that the README and the site show. `npm run docs:screenshots` takes them; a test says when they are out of
 * date. What can be read in a picture is kept beside it as text: that is compared word by word, the pictures themselves with some tolerance,
 * since letters come out a little different from machine to machine.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import pixelmatch from "pixelmatch"
import { PNG } from "pngjs"
import type { Page } from "playwright-core"
import { command, openLive } from "./livePage.ts"

const folder = fileURLToPath(new URL("../../docs/public/", import.meta.url))
const picture = `${folder}live-machine.png`
const words = `${folder}live-machine.txt`

export interface Screenshot {
  readonly png: Buffer
  readonly text: string
}

/** The live page at the most telling moment: one unit rented, a cancel refused. */
export const takeScreenshot = async (page: Page): Promise<Screenshot> => {
  await page.setViewportSize({ width: 1280, height: 1130 })
  await openLive(page)
  for (const name of ["confirm", "startSubscription", "cancel"]) await command(page, name).click()
  await page.mouse.move(0, 0)
  await page.evaluate("document.activeElement?.blur()")
  return { png: await page.screenshot({ animations: "disabled" }), text: `${await page.locator(".live").innerText()}\n` }
}

export const writeScreenshot = ({ png, text }: Screenshot): void => {
  writeFileSync(picture, png)
  writeFileSync(words, text)
}

export const readScreenshot = (): Screenshot => ({ png: readFileSync(picture), text: readFileSync(words, "utf8") })

/** The share of the picture that differs visibly, from 0 to 1. Pictures of different sizes differ wholly. */
export const difference = (a: Buffer, b: Buffer): number => {
  const [one, other] = [PNG.sync.read(a), PNG.sync.read(b)]
  if (one.width !== other.width || one.height !== other.height) return 1
  return pixelmatch(one.data, other.data, undefined, one.width, one.height, { threshold: 0.2 }) / (one.width * one.height)
}
