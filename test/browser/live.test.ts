/** The live page, driven as a reader drives it. */
import { expect, describe, it } from "vitest"
import { siteUrl, useBrowser, withPage } from "./browser.ts"
import { answer, chain, command, openLive, openTop, shown, wholeStory } from "./livePage.ts"

useBrowser()

describe("the live page", () => {
  it("tells the whole story: a cancel is refused while a unit is rented, and releases the other one afterwards", () =>
    withPage(async (page) => {
      await openLive(page)
      expect(await shown(page)).toEqual({
        status: "pending",
        lit: "pending",
        units: { held: 2, active: 0, ended: 0, released: 0 },
        events: ["order.placed"]
      })

      await command(page, "confirm").click()
      expect(await shown(page)).toMatchObject({ status: "confirmed", lit: "confirmed" })

      await command(page, "startSubscription").click()
      expect(await shown(page)).toMatchObject({ status: "partial", units: { held: 1, active: 1, ended: 0, released: 0 } })

      await command(page, "cancel").click()
      const refusal = await answer(page)
      expect(refusal).toContain("cancel refused: ORDER_NOT_CANCELLABLE")
      expect(refusal).toContain("noActiveSubscriptions does not hold")
      expect(refusal).toContain("sub_3")
      expect(refusal).toContain("Nothing was changed")
      expect(await shown(page)).toMatchObject({ status: "partial", events: { length: 3 } })

      await command(page, "cancelSubscription").click()
      expect(await shown(page)).toMatchObject({ status: "partial", units: { held: 1, active: 0, ended: 1, released: 0 } })

      await command(page, "cancel").click()
      expect(await answer(page)).toMatch(/Released:\s+1 × EBIKE-CITY-500/)
      expect(await shown(page)).toEqual({
        status: "cancelled",
        lit: "cancelled",
        units: { held: 0, active: 0, ended: 1, released: 1 },
        events: ["order.placed", "order.confirmed", "subscription.started", "subscription.ended", "order.cancelled"]
      })
      expect(await chain(page)).toContain("The chain of 5 events verifies")
    }))

  it("can be told with the keyboard alone", () =>
    withPage(async (page) => {
      await openLive(page)
      for (const name of wholeStory) {
        for (let tabs = 0; (await page.evaluate("document.activeElement?.dataset.command")) !== name; tabs++) {
          expect(tabs, `${name} cannot be reached with the tabulator`).toBeLessThan(80)
          await page.keyboard.press("Tab")
        }
        await page.keyboard.press("Enter")
      }
      expect(await shown(page)).toMatchObject({ status: "cancelled", units: { ended: 1, released: 1 } })
    }))

  it("takes steps back and goes through them again", () =>
    withPage(async (page) => {
      await openLive(page)
      for (const name of wholeStory) await command(page, name).click()
      const end = await shown(page)
      const statuses: Array<string> = []
      for (const _ of wholeStory) {
        await page.getByRole("button", { name: "Undo" }).click()
        statuses.push((await shown(page)).status)
      }
      expect(statuses).toEqual(["partial", "partial", "partial", "confirmed", "pending"])
      expect(await page.getByRole("button", { name: "Undo" }).isDisabled()).toBe(true)
      for (const _ of wholeStory) await page.getByRole("button", { name: "Step forward" }).click()
      expect(await shown(page)).toEqual(end)
    }))

  it("shows the events of what was done before they came into sight", () =>
    withPage(async (page) => {
      await openTop(page)
      await command(page, "confirm").click()
      await page.getByRole("heading", { name: "Audit events" }).scrollIntoViewIfNeeded()
      await expect.poll(async () => (await shown(page)).events).toEqual(["order.placed", "order.confirmed"])
      await page.getByRole("button", { name: "Tamper" }).click()
      expect(await chain(page)).toBe("✗ The chain does not verify. Event 2: the event was altered.")
    }))

  it("takes every other command, on the subscription that is chosen", () =>
    withPage(async (page) => {
      await openLive(page)
      for (const name of ["confirm", "startSubscription"]) await command(page, name).click()
      await page.getByText("All other commands").click()
      for (const [name, says] of [
        ["addItems", "refused: ORDER_NOT_OPEN"],
        ["completeSubscription", "refused: CONTRACT_NOT_OVER"],
        ["extendSubscription", "→ partial"],
        ["release", "→ fulfilled, releases 1"]
      ] as const) {
        const row = page.locator("li", { has: command(page, name) })
        expect(await row.innerText()).toContain(says)
        await command(page, name).click()
      }
      await command(page, "upgradeSubscription").click()
      await command(page, "returnSubscription").click()
      await command(page, "recordPayment").click()
      expect((await shown(page)).events.slice(3)).toEqual([
        "subscription.extended",
        "order.items_released",
        "subscription.upgraded",
        "subscription.returned",
        "order.payment_recorded"
      ])
      expect(await answer(page)).toContain("✓ recordPayment")
      await command(page, "cancel").click()
      expect((await shown(page)).status).toBe("cancelled")
    }))

  it("is shared by its address, and says so when the address is damaged", () =>
    withPage(async (page) => {
      await openLive(page)
      for (const name of wholeStory) await command(page, name).click()
      const hashes = await page.locator(".live-events summary code").allInnerTexts()
      const there = await shown(page)
      const fragment = new URL(page.url()).hash
      await withPage(async (other) => {
        await openLive(other, fragment)
        await expect.poll(() => shown(other)).toEqual(there)
        expect(await other.locator(".live-events summary code").allInnerTexts()).toEqual(hashes)
      })
      await withPage(async (other) => {
        await openLive(other, fragment.slice(0, 40))
        await expect.poll(() => other.locator(".live-notice").innerText()).toContain("The link is damaged")
        expect(await shown(other)).toMatchObject({ status: "pending" })
      })
    }))

  it("replays a pasted history step by step, and goes on from there", () =>
    withPage(
      async (page) => {
        await openLive(page)
        for (const name of wholeStory) await command(page, name).click()
        await page.getByRole("button", { name: "Copy history" }).click()
        const history = await page.evaluate<string>("navigator.clipboard.readText()")

        await page.reload()
        await openLive(page)
        await page.getByLabel("Stored events as JSON").fill(history)
        await page.getByRole("button", { name: "Replay", exact: true }).click()
        const statuses = [(await shown(page)).status]
        for (let step = 0; step < 4; step++) {
          await page.getByRole("button", { name: "Step forward" }).click()
          statuses.push((await shown(page)).status)
        }
        expect(statuses).toEqual(["pending", "confirmed", "partial", "partial", "cancelled"])
        expect(await page.getByRole("button", { name: "Step forward" }).isDisabled()).toBe(true)
        expect(await chain(page)).toContain("The chain of 5 events verifies")

        await page.getByRole("slider").fill("2")
        await command(page, "cancel").click()
        expect(await shown(page)).toMatchObject({ status: "cancelled", units: { held: 0, released: 2 } })
        expect(await chain(page)).toContain("The chain of 3 events verifies")

        await page.getByLabel("Stored events as JSON").fill("[{}]")
        await page.getByRole("button", { name: "Replay", exact: true }).click()
        await expect.poll(() => page.locator(".live-notice").innerText()).toContain("history[0].event: is required")
      },
      { permissions: ["clipboard-read", "clipboard-write"] }
    ))

  it("shows that an event was tampered with", () =>
    withPage(async (page) => {
      await openLive(page)
      await command(page, "confirm").click()
      await page.getByRole("button", { name: "Tamper" }).click()
      expect(await chain(page)).toBe("✗ The chain does not verify. Event 2: the event was altered.")
      await page.getByRole("button", { name: "right again" }).click()
      expect(await chain(page)).toContain("verifies")
    }))

  it("plays the same steps on a changed order, and under another policy", () =>
    withPage(async (page) => {
      await openLive(page)
      for (const name of wholeStory) await command(page, name).click()
      await page.getByLabel("Cancellation policy").selectOption("beforeFulfilment")
      expect(await shown(page)).toMatchObject({ status: "partial" })
      expect(await answer(page)).toContain("beforeFulfilment does not hold")
      expect(await page.locator(".live-diagram").innerHTML()).toContain("[beforeFulfilment]")

      await page.getByLabel("Cancellation policy").selectOption("noActiveSubscriptions")
      await page.getByLabel("Units", { exact: true }).fill("5")
      await page.getByLabel("Units", { exact: true }).blur()
      expect(await shown(page)).toMatchObject({ status: "cancelled", units: { held: 0, ended: 1, released: 4 } })

      await page.getByLabel("Units", { exact: true }).fill("0")
      await page.getByLabel("Units", { exact: true }).blur()
      expect(await answer(page)).toContain("place refused: VALIDATION_ERROR")
    }))

  it("fits a phone, in the dark as well", () =>
    withPage(
      async (page) => {
        await openLive(page)
        for (const name of wholeStory) await command(page, name).tap()
        expect(await shown(page)).toMatchObject({ status: "cancelled" })
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390)
        expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(27, 27, 31)")
      },
      { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" }
    ))

  it("says something without JavaScript", () =>
    withPage(
      async (page) => {
        await page.goto(`${siteUrl()}/live.html`)
        const text = await page.locator("body").innerText()
        for (const words of ["The order is pending", "order.placed", "Without JavaScript nothing moves here"]) {
          expect(text).toContain(words)
        }
      },
      { javaScriptEnabled: false }
    ))
})
