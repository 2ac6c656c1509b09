/**
 * Which line a subscription is of, how long it runs, what it costs and when it ends: orders with several lines of one SKU, and starts in any
 * offset from UTC, compared with a twin that shares no code with the library.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide } from "../../src/order/decide.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { explain } from "../../src/order/explain.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { Currency } from "../../src/order/Money.ts"
import { CustomerId, type Order, OrderId, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import { place, PlaceOrder } from "../../src/order/commands/place.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const lifecycle = lifecycles.noActiveSubscriptions
const customerId = CustomerId.make("ada")
const lengths = [1, 6, 12, 24]
const skus = ["BIKE", "DESK"]
const variants = new Map(
  skus.map((sku): [Sku, Variant] => [
    Sku.make(sku),
    {
      sku: Sku.make(sku),
      productName: sku,
      isActive: true,
      currency: Currency.make("EUR"),
      pricing: lengths.map((contractLength) => ({ contractLength, monthlyPrice: 10_000 - contractLength }))
    }
  ])
)
const now = "2026-11-25T09:00:00.000Z"
const occasion = { at: Timestamp.make(now), actor: { userId: "ada" }, requestId: RequestId.make("request-1") }

type Items = ReadonlyArray<{ readonly sku: string; readonly quantity: number; readonly contractLength: number }>
const confirmed = (items: Items): Order => {
  const request = Schema.decodeSync(PlaceOrder)({
    customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
    billingAddress: { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" },
    items
  })
  const facts = { tenantId: TenantId.make("demo"), orderId: OrderId.make("order-1"), customerId, variants }
  const { after } = Result.getOrThrow(place(lifecycle, request, facts, occasion))
  return Result.getOrThrow(decide(lifecycle, after, { type: "confirm" }, occasion)).after
}

interface Ask {
  readonly sku: string | undefined
  readonly contractLength: number | undefined
  readonly startDate: string | undefined
}
const startWith = (number: number, { sku, contractLength, startDate }: Ask): OrderCommand => {
  const { orderId: _, ...request } = Schema.decodeSync(StartSubscription)({
    orderId: "order-1",
    assetSerialNumber: `serial-${number}`,
    customerId: "ada",
    ...(sku !== undefined && { sku }),
    ...(contractLength !== undefined && { contractLength }),
    ...(startDate !== undefined && { startDate })
  })
  const asset = { isKnown: true, isRented: false }
  return { type: "startSubscription", subscriptionId: SubscriptionId.make(`subscription-${number}`), asset, ...request }
}
const started = (order: Order, number: number, ask: Ask): Result.Result<Transition, Refusal> =>
  decide(lifecycle, order, startWith(number, ask), occasion)

// --- the twin ----------------------------------------------------------------------------------------------------------------------

/** Whole numbers only: a date is its year, month and day, and a time is minutes of the day. */
const daysIn = (year: number, month: number) =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : month === 4 || month === 6 || month === 9 || month === 11
      ? 30
      : 31
interface Local {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly minutes: number
}
const shifted = ({ year, month, day, minutes }: Local, by: number): Local => {
  const total = minutes + by
  if (total >= 0 && total < 1_440) return { year, month, day, minutes: total }
  if (total < 0) {
    if (day > 1) return shifted({ year, month, day: day - 1, minutes: 1_440 + total }, 0)
    const [lastYear, lastMonth] = month > 1 ? [year, month - 1] : [year - 1, 12]
    return shifted({ year: lastYear, month: lastMonth, day: daysIn(lastYear, lastMonth), minutes: 1_440 + total }, 0)
  }
  if (day < daysIn(year, month)) return shifted({ year, month, day: day + 1, minutes: total - 1_440 }, 0)
  return month < 12
    ? shifted({ year, month: month + 1, day: 1, minutes: total - 1_440 }, 0)
    : shifted({ year: year + 1, month: 1, day: 1, minutes: total - 1_440 }, 0)
}
const later = ({ year, month, day, minutes }: Local, months: number): Local => {
  const [thenYear, thenMonth] = [year + Math.floor((month - 1 + months) / 12), ((month - 1 + months) % 12) + 1]
  return { year: thenYear, month: thenMonth, day: Math.min(day, daysIn(thenYear, thenMonth)), minutes }
}
const two = (number: number) => String(number).padStart(2, "0")
const written = ({ year, month, day, minutes }: Local) =>
  `${year}-${two(month)}-${two(day)}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`

// --- what is tried -----------------------------------------------------------------------------------------------------------------

const local = fc
  .record({
    year: fc.integer({ min: 2022, max: 2031 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 27, max: 31 })),
    minutes: fc.oneof(fc.constantFrom(0, 1_439), fc.integer({ min: 0, max: 1_439 }))
  })
  .map((date) => ({ ...date, day: Math.min(date.day, daysIn(date.year, date.month)) }))
const offset = fc.oneof(fc.constantFrom(0, 60, -300, 330, 845), fc.integer({ min: -1_439, max: 1_439 }))
const writeOffset = (minutes: number) => {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

const item = fc.record({
  sku: fc.constantFrom(...skus),
  quantity: fc.integer({ min: 1, max: 2 }),
  contractLength: fc.constantFrom(...lengths)
})
const ask = fc.record({
  sku: fc.constantFrom(...skus, undefined),
  contractLength: fc.constantFrom(...lengths, 7, undefined),
  startDate: fc.constant(undefined)
})

describe("a subscription that is started", () => {
  it("is of the first line with a held unit that has the SKU and the length asked for, and has that line's length", () => {
    const met = new Map<string, number>()
    const meet = (what: string) => met.set(what, (met.get(what) ?? 0) + 1)
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 5 }),
        fc.array(ask, { minLength: 1, maxLength: 10 }),
        (items, asks) => {
          let order = confirmed(items)
          const held = items.map(({ quantity }) => quantity)
          for (const [number, each] of asks.entries()) {
            if (held.every((count) => count === 0)) return
            const open = new Set(items.filter((_, line) => (held[line] ?? 0) > 0).map(({ sku }) => sku))
            const sku = each.sku ?? (open.size === 1 ? [...open][0] : undefined)
            const ofSku = items.flatMap(({ sku: its, contractLength }, line) => (its === sku ? [{ line, contractLength }] : []))
            const fitting = ofSku.filter(({ contractLength }) => contractLength === (each.contractLength ?? contractLength))
            const line = fitting.find(({ line }) => (held[line] ?? 0) > 0)?.line
            const decision = started(order, number, each)
            if (line !== undefined) {
              meet("started")
              const { after } = Result.getOrThrow(decision)
              const subscription = after.subscriptions.at(-1)
              expect(subscription).toMatchObject({ line, contractLength: items[line]?.contractLength, startDate: now })
              expect(after.lines[line]?.unitPrice).toBe(10_000 - (items[line]?.contractLength ?? 0))
              held[line] = (held[line] ?? 0) - 1
              order = after
              continue
            }
            const refusal = Result.getOrThrow(Result.flip(decision))
            const field = "details" in refusal ? refusal.details[0].path : refusal.code
            const expected =
              sku === undefined
                ? "sku"
                : ofSku.length === 0
                  ? "SKU_MISMATCH"
                  : fitting.length === 0
                    ? "contractLength"
                    : "ITEM_FULLY_FULFILLED"
            expect(field).toBe(expected)
            meet(expected)
            if (expected === "contractLength") {
              const there = [...new Set(ofSku.map(({ contractLength }) => contractLength))].join(", ")
              expect(refusal.message).toBe(`contractLength: must be one that the order has for ${sku}: ${there}`)
            }
          }
        }
      ),
      { numRuns: numRuns(300) }
    )
    expect([...met.keys()].toSorted()).toEqual(["ITEM_FULLY_FULFILLED", "SKU_MISMATCH", "contractLength", "sku", "started"])
  })

  it("ends after all its months on the calendar of the offset that its start is given in", () => {
    fc.assert(
      fc.property(local, offset, fc.constantFrom(...lengths), (start, minutes, contractLength) => {
        const order = confirmed([{ sku: "BIKE", quantity: 1, contractLength }])
        const startDate = `${written(start)}:00${writeOffset(minutes)}`
        const utc = `${written(shifted(start, -minutes))}:00.000Z`
        fc.pre(utc >= "2021-11-25T09:00:00.000Z" && utc <= "2031-11-25T09:00:00.000Z")
        const { event, after } = Result.getOrThrow(started(order, 1, { sku: "BIKE", contractLength: undefined, startDate }))
        const [subscription] = after.subscriptions
        expect(subscription?.startDate).toBe(utc)
        expect(subscription?.endDate).toBe(`${written(shifted(later(start, contractLength), -minutes))}:00.000Z`)
        expect(subscription?.startOffsetMinutes).toBe(minutes === 0 ? undefined : minutes)
        expect("startOffsetMinutes" in event.details).toBe(minutes !== 0)
        expect("endDate" in event.details).toBe(false)
      }),
      { numRuns: numRuns(500) }
    )
  })

  it.each([
    ["2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00.000Z", "2026-03-31T23:00:00.000Z"],
    ["2026-03-01T00:00:00", "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"],
    ["2026-03-01T00:00", "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"],
    ["2027-01-31T23:30:00-05:00", "2027-02-01T04:30:00.000Z", "2027-03-01T04:30:00.000Z"],
    ["2028-01-31", "2028-01-31T00:00:00.000Z", "2028-02-29T00:00:00.000Z"]
  ])("from %s for a month begins at %s and ends at %s", (startDate, begins, ends) => {
    const order = confirmed([{ sku: "BIKE", quantity: 1, contractLength: 1 }])
    const { after } = Result.getOrThrow(started(order, 1, { sku: "BIKE", contractLength: 1, startDate }))
    expect(after.subscriptions).toMatchObject([{ startDate: begins, endDate: ends }])
  })

  it("starts at the moment of the command, also where the order's last event is of a later time", () => {
    const order = {
      ...confirmed([{ sku: "BIKE", quantity: 1, contractLength: 1 }]),
      updatedAt: Timestamp.make("2027-11-25T09:00:00.000Z")
    }
    const ask = { sku: "BIKE", contractLength: undefined, startDate: undefined }
    const { event, after } = Result.getOrThrow(started(order, 1, ask))
    expect(event.at).toBe("2027-11-25T09:00:00.000Z")
    expect(after.subscriptions[0]?.startDate).toBe(now)
  })

  it.each([
    ["2021-11-25T09:00:00Z", true],
    ["2021-11-25T08:59:59Z", false],
    ["2031-11-25T09:00:00Z", true],
    ["2031-11-25T11:00:00+02:00", true],
    ["2031-11-25T09:00:00.001Z", false]
  ])("from %s, given on 2026-11-25 at 09:00, is accepted: %s", (startDate, isAccepted) => {
    const order = confirmed([{ sku: "BIKE", quantity: 1, contractLength: 12 }])
    const ask = { sku: "BIKE", contractLength: undefined, startDate }
    const decision = started(order, 1, ask)
    expect(Result.isSuccess(decision)).toBe(isAccepted)
    if (Result.isSuccess(decision)) return
    expect(decision.failure.message).toBe("startDate: must be within 5 years of now")
    expect(explain(lifecycle, order, startWith(1, ask), occasion)).toMatchObject([{ guard: "startIsNear" }])
    expect(explain(lifecycle, order, startWith(1, ask))).toEqual([])
  })
})
