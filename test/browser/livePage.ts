/** The live page as a reader uses it. */
import type { Page } from "playwright-core"
import { siteUrl } from "./browser.ts"

/** The page as it is opened: the events are out of sight, and their script is not loaded yet. */
export const openTop = async (page: Page, fragment = ""): Promise<void> => {
  await page.goto(`${siteUrl()}/live.html${fragment}`)
  await page.locator(".node.is-current").waitFor()
}

/** The page after a look at the events. */
export const openLive = async (page: Page, fragment = ""): Promise<void> => {
  await openTop(page, fragment)
  await page.getByRole("heading", { name: "Audit events" }).scrollIntoViewIfNeeded()
  await page.locator("button:enabled", { hasText: "Copy history" }).waitFor()
  await page.evaluate("scrollTo(0, 0)")
}

export const command = (page: Page, name: string) => page.locator(`button[data-command=${name}]`)

/** What the page shows of the order: its status, the lit status of the diagram, and where the units of its first line are. */
export const shown = async (page: Page) => ({
  status: await page.getByTestId("status").innerText(),
  lit: await page.locator(".node.is-current").getAttribute("data-id"),
  units: await page
    .locator("[data-place]")
    .evaluateAll((cells) =>
      Object.fromEntries(
        cells.map((cell) => [cell.getAttribute("data-place"), Number(cell.querySelector(".live-count")?.textContent)])
      )
    ),
  events: await page.locator(".live-events summary strong").allInnerTexts()
})

export const answer = (page: Page) => page.locator(".live-answer").innerText()
export const chain = (page: Page) => page.locator(".live-chain").innerText()

/** Place 2 units, confirm, start a subscription, have a cancel refused, end it, cancel. `give` gives a command. */
export const wholeStory = ["confirm", "startSubscription", "cancel", "cancelSubscription", "cancel"] as const
