/** The page that `docs draw` makes of a process, as a reader uses it: from a file, without any other machine. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { BrowserContextOptions, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { OwnLifecycle } from "../../src/draw/processContent.ts"
import { asHtml } from "../../src/draw/processPages.ts"
import { answersOf, commandNames, statusesOf } from "../../src/order/lifecycleTable.ts"
import type { CommandType, OrderEvent } from "../../src/order/commands/index.ts"
import type { OrderStatus } from "../../src/order/Order.ts"
import { moveUnits } from "../../src/order/process/checkLaws.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { orderProcess } from "../../src/order/process/orderProcess.ts"
import type { Units } from "../../src/order/Units.ts"
import { awkwardFile, drawnPages, workedProcess } from "../support/drawnProcess.ts"
import { useBrowser, withPage } from "./browser.ts"

useBrowser()

const words = { code: "NOT_PACKABLE", message: "Only a confirmed order is packed.", remedy: "Confirm it first." }
const small = lifecycleOf(
  "noActiveSubscriptions",
  orderProcess("small")
    .status("packed", { description: "Packed.", like: "partial" })
    .command("pack", {
      description: "Packs.",
      event: "order.packed",
      from: { partial: "packed", packed: "packed" },
      otherwise: words
    })
    .guard("isDry", { before: "pack", holds: () => false, refusal: { ...words, code: "WET" } })
) as OwnLifecycle

type PageName = "hold" | "awkward" | "small"
let folder = ""
let pages: Readonly<Record<PageName, string>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "order-lifecycle-pages-"))
  const write = async (name: PageName, html: string) => {
    const file = join(folder, `${name}.html`)
    await writeFile(file, html)
    return pathToFileURL(file).href
  }
  pages = {
    hold: await write("hold", (await drawnPages(workedProcess("hold-and-resume"))).html),
    awkward: await write("awkward", (await drawnPages(awkwardFile)).html),
    small: await write("small", asHtml(small))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A page from a file has an origin that is no other's. */
const open = (page: PageName, use: (page: Page) => Promise<void>, options?: BrowserContextOptions) =>
  withPage(
    async (opened) => {
      await opened.goto(pages[page])
      await use(opened)
    },
    options,
    "null"
  )

const phone: BrowserContextOptions = { viewport: { width: 375, height: 812 } }

const command = (page: Page, name: string) => page.getByRole("button", { name, exact: true })

const standing = (page: Page) => page.locator(".standing").innerText()

const outcome = (page: Page) => page.locator("#outcome").innerText()

const outlook = (page: Page, name: string) => page.locator(`#outlook-${name}`).innerText()

/** What is lit on the picture: where the order is, where it came from, and where it could go by which commands. */
const lit = async (page: Page) => ({
  at: await page.locator(".box.is-current .name").allTextContents(),
  taken: await page.locator(".way.is-taken").evaluateAll((ways) => ways.map((way) => way.getAttribute("data-to"))),
  open: await page.locator(".box.is-open").evaluateAll((boxes) => boxes.map((box) => box.getAttribute("data-status")))
})

const unitsAt = (place: string): Units => ({
  held: 0,
  active: 0,
  ended: 0,
  released: 0,
  ...Object.fromEntries(
    place.split(", ").map((part) => {
      const [count, where = ""] = part.split(" ")
      return [where, Number(count)]
    })
  )
})

/** What the machine answers where all holds that the reader can set. Only its own table is asked. */
const expectedOutlook = (status: OrderStatus, units: Units, command: CommandType): string => {
  const { facts } = small.commands[command]
  const given = answersOf(small, status)[command].find(({ condition, applies }) =>
    condition !== undefined && Object.hasOwn(facts, condition.fact)
      ? condition.expected
      : applies({ units }, { type: command } as OrderEvent)
  )
  if (given?.refusal) return `refused: ${given.refusal.code}`
  let moved: Units | undefined = units
  for (const consequence of given?.consequences ?? []) moved = moved && moveUnits[consequence](moved)
  return moved === undefined ? "no unit to move" : `→ ${given?.to}`
}

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const accessibilityFaults = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe)
  return page.evaluate<ReadonlyArray<string>>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + " at " + target)))`
  )
}

describe("the page of a process", () => {
  it("shows where commands lead, what refuses and why", () =>
    open("hold", async (page) => {
      expect(await standing(page)).toBe("The order is pending: 2 held.")
      expect(await outlook(page, "hold")).toBe("refused: NOT_HOLDABLE")
      await command(page, "confirm").click()
      await command(page, "hold").click()
      expect(await standing(page)).toBe("The order is onHold: 2 held.")
      expect(await outcome(page)).toBe("hold: confirmed → onHold, 2 held. order.held is recorded.")
      expect(await lit(page)).toEqual({ at: ["onHold"], taken: ["onHold"], open: ["confirmed", "cancelled", "onHold"] })

      await command(page, "startSubscription").click()
      expect(await outcome(page)).toBe(
        "startSubscription is refused: ON_HOLD. Nothing was changed.\n\n" +
          "ON_HOLD: isNotOnHold does not hold. The order is on hold. Resume it first."
      )
      expect(await standing(page)).toBe("The order is onHold: 2 held.")

      await command(page, "resume").click()
      await command(page, "startSubscription").click()
      await command(page, "startSubscription").click()
      expect(await standing(page)).toBe("The order is fulfilled: 2 active.")
      await command(page, "cancel").click()
      expect(await outcome(page)).toContain(
        "Order has 2 active subscriptions. Cancel the subscriptions first, or release what a partial order still holds."
      )
      await command(page, "cancelSubscription").click()
      await command(page, "cancelSubscription").click()
      expect(await outlook(page, "cancelSubscription")).toBe("no unit to move")
      await command(page, "cancel").click()
      expect(await standing(page)).toBe("The order is cancelled: 2 ended.")

      await page.getByText("What happened so far").click()
      expect(await page.locator("#history li").count()).toBe(10)
      await page.getByRole("button", { name: "Start again" }).click()
      expect(await standing(page)).toBe("The order is pending: 2 held.")
    }))

  it("lets the reader say which rules hold, and where the order stands", () =>
    open("hold", async (page) => {
      await page.getByRole("combobox", { name: "Status" }).selectOption("partial")
      await page.getByRole("combobox", { name: "Units" }).selectOption("1 held, 2 active")
      expect(await standing(page)).toBe("The order is partial: 1 held, 2 active.")
      expect(await outlook(page, "startSubscription")).toBe("→ fulfilled")
      expect(await outlook(page, "hold")).toBe("→ partlyOnHold")

      await page.getByLabel("notTooOften").uncheck()
      expect(await outlook(page, "hold")).toBe("refused: HELD_TOO_OFTEN")
      const brought = page.getByRole("group", { name: "What comes with startSubscription" })
      await brought.getByLabel("assetIsFree").uncheck()
      await brought.getByLabel("customerMatches").uncheck()
      await command(page, "startSubscription").click()
      // Both are told, the one that is given first.
      expect(await outcome(page)).toMatch(/refused: VALIDATION_ERROR, ASSET_NOT_AVAILABLE\.[^]*customerMatches[^]*assetIsFree/)

      await page.getByLabel("notTooOften").check()
      await command(page, "hold").click()
      expect(await standing(page)).toBe("The order is partlyOnHold: 1 held, 2 active.")
    }))

  it("answers as the machine does, wherever an order of up to three units can stand", () =>
    open("small", async (page) => {
      let places = 0
      for (const status of statusesOf(small)) {
        await page.getByRole("combobox", { name: "Status" }).selectOption(status)
        for (const place of await page.locator("#choose-units option").allTextContents()) {
          await page.getByRole("combobox", { name: "Units" }).selectOption(place)
          const told = await page.locator(".outlook").allTextContents()
          expect(told, `${status}, ${place}`).toEqual(
            commandNames(small).map((command) => expectedOutlook(status, unitsAt(place), command))
          )
          places++
        }
      }
      expect(places).toBeGreaterThan(30)
    }))

  it("can be used with the keyboard alone, which stays where it is", () =>
    open("hold", async (page) => {
      const focused = () =>
        page.evaluate<string>("document.activeElement?.dataset.command ?? document.activeElement?.dataset.fact ?? ''")
      const goTo = async (name: string) => {
        for (let tabs = 0; (await focused()) !== name; tabs++) {
          expect(tabs, `${name} cannot be reached with the tabulator`).toBeLessThan(80)
          await page.keyboard.press("Tab")
        }
      }
      await goTo("confirm")
      await page.keyboard.press("Enter")
      await goTo("hold")
      await page.keyboard.press("Space")
      expect(await focused()).toBe("hold")
      expect(await standing(page)).toBe("The order is onHold: 2 held.")
      await goTo("notTooOften")
      await page.keyboard.press("Space")
      expect(await page.getByLabel("notTooOften").isChecked()).toBe(false)
    }))

  it.each(["hold", "awkward"] as const)("fits a phone: %s", (name) =>
    open(
      name,
      async (page) => {
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(375)
        await command(page, "confirm").click()
        await command(page, "startSubscription").click()
        expect(await standing(page)).toBe("The order is partial: 1 held, 1 active.")
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(375)
      },
      phone
    )
  )

  it.each([
    ["light", {}],
    ["dark", { colorScheme: "dark" }],
    ["dark, on a phone", { colorScheme: "dark", ...phone }]
  ] as const)("has no accessibility fault in the %s", (_, options) =>
    open(
      "hold",
      async (page) => {
        await command(page, "hold").click()
        expect(await accessibilityFaults(page)).toEqual([])
        await command(page, "confirm").click()
        expect(await accessibilityFaults(page)).toEqual([])
      },
      options
    )
  )

  it("takes no text of the process for anything else", () =>
    open("awkward", async (page) => {
      expect(await page.locator("script").count()).toBe(2)
      expect(await page.locator("img").count()).toBe(0)
      await command(page, "wait").click()
      expect(await outcome(page)).toContain(
        `NOT_WAITABLE: canWait does not hold. NOT_WAITABLE: </script><script>alert("1")</script>`
      )
      expect(await page.getByRole("cell", { name: 'Waits. </script><script>alert("1")</script>' }).count()).toBeGreaterThan(0)
    }))

  it("says all but the moves without JavaScript", () =>
    open(
      "hold",
      async (page) => {
        const text = await page.locator("body").innerText()
        for (const words of ["Without JavaScript nothing moves here", "HELD_TOO_OFTEN", "details.payload.why"])
          expect(text).toContain(words)
        expect(await page.locator(".picture .box").count()).toBe(7)
        expect(await command(page, "hold").count()).toBe(0)
      },
      { javaScriptEnabled: false }
    ))
})
