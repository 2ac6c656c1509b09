/** What holds for every order that can come about, whatever commands it was given, in whatever sequence. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { releasedBySku } from "../../src/order/AuditEvent.ts"
import { decide } from "../../src/order/decide.ts"
import type { Occasion, Transition } from "../../src/order/Transition.ts"
import { evolve, fold } from "../../src/order/evolve.ts"
import { explain, preview } from "../../src/order/explain.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import type { Order } from "../../src/order/Order.ts"
import { commandTypes, type CommandType } from "../../src/order/commands/index.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { total } from "../../src/order/Units.ts"
import { commandOf, type History, history, type Move, move, occasion, reason } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** Freeze all of it: a decision that writes to what it was given throws. */
const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

/** So many that the rare refusals are met in every run. */
const moves = fc.array(fc.tuple(move, occasion), { minLength: 20, maxLength: 20 })

/** So many that two lines of one SKU are filled in every run. */
const starts = fc.array(
  fc.tuple(
    move.filter(({ type }) => type === "startSubscription"),
    occasion
  ),
  { minLength: 8, maxLength: 8 }
)

/** An order with its history, and one more command that is given to it. */
const attempt = fc.tuple(history(), move, occasion).map(([past, move, occasion]) => attemptOn(past, move, occasion))

const attemptOn = ({ lifecycle, order, transitions, events }: History, move: Move, occasion: Occasion) => {
  const command = commandOf(order, move)
  const decision: Result.Result<Transition, Refusal> = decide(
    lifecycle,
    deepFreeze(order),
    deepFreeze(command),
    deepFreeze(occasion)
  )
  return {
    lifecycle,
    order,
    transitions,
    events,
    command,
    occasion,
    decision,
    [fc.toStringMethod]: () => fc.stringify({ policy: lifecycle.policy, events, command, occasion })
  }
}

/** Whether a cancel was ever accepted, told from the history and not from the status. */
const wasCancelled = (events: ReadonlyArray<{ readonly type: string }>) => events.some(({ type }) => type === "order.cancelled")

/** The order without what a cancel is allowed to change. */
const untouchedByCancel = ({ status: _s, version: _v, updatedAt: _u, cancellation: _c, lines, ...rest }: Order) => ({
  ...rest,
  lines: lines.map(({ units: _, ...line }) => line)
})

/** The codes each command can be refused with. From the table of commands of the decisions, by hand. */
const codesOf: Record<CommandType, ReadonlyArray<Refusal["code"]>> = {
  confirm: ["ORDER_NOT_PENDING"],
  startSubscription: [
    "ORDER_NOT_CONFIRMED",
    "ITEM_FULLY_FULFILLED",
    "ASSET_NOT_AVAILABLE",
    "SKU_MISMATCH",
    "ASSET_NOT_FOUND",
    "VALIDATION_ERROR"
  ],
  cancelSubscription: ["NOT_FOUND", "ALREADY_CANCELLED", "ALREADY_ENDED"],
  returnSubscription: ["NOT_FOUND", "SUBSCRIPTION_NOT_ACTIVE"],
  buyOutSubscription: ["NOT_FOUND", "SUBSCRIPTION_NOT_ACTIVE"],
  completeSubscription: ["NOT_FOUND", "SUBSCRIPTION_NOT_ACTIVE", "CONTRACT_NOT_OVER"],
  extendSubscription: ["NOT_FOUND", "SUBSCRIPTION_NOT_ACTIVE", "INVALID_EXTENSION_MONTHS"],
  upgradeSubscription: [
    "NOT_FOUND",
    "SUBSCRIPTION_NOT_ACTIVE",
    "VARIANT_NOT_FOUND",
    "VARIANT_INACTIVE",
    "INVALID_CONTRACT_LENGTH",
    "VALIDATION_ERROR",
    "ASSET_NOT_FOUND",
    "SKU_MISMATCH",
    "ASSET_NOT_AVAILABLE"
  ],
  replaceAsset: [
    "NOT_FOUND",
    "SUBSCRIPTION_NOT_ACTIVE",
    "VALIDATION_ERROR",
    "ASSET_NOT_FOUND",
    "SKU_MISMATCH",
    "ASSET_NOT_AVAILABLE"
  ],
  release: ["ALREADY_CANCELLED", "VALIDATION_ERROR", "NOTHING_HELD", "NOT_HELD", "NOTHING_WOULD_REMAIN"],
  addItems: [
    "ALREADY_CANCELLED",
    "ORDER_NOT_OPEN",
    "VALIDATION_ERROR",
    "VARIANT_NOT_FOUND",
    "VARIANT_INACTIVE",
    "INVALID_CONTRACT_LENGTH"
  ],
  correct: ["ALREADY_CANCELLED"],
  recordPayment: [],
  cancel: ["ALREADY_CANCELLED", "ORDER_NOT_CANCELLABLE"]
}

describe("every order that can come about", () => {
  it("keeps the law of units: each unit is in exactly one place, after every step", () => {
    fc.assert(
      fc.property(history(25), ({ transitions }) => {
        for (const { after } of transitions) {
          for (const { quantity, units } of after.lines) {
            expect(total(units)).toBe(quantity)
            expect(Math.min(...Object.values(units))).toBeGreaterThanOrEqual(0)
          }
          expect(brokenLaws(after)).toEqual([])
        }
      }),
      { numRuns: numRuns(500) }
    )
  })

  it("is the fold of its events, at every version", () => {
    fc.assert(
      fc.property(history(25), ({ transitions, events, order }) => {
        expect(fold(events)).toEqual(order)
        transitions.forEach(({ before, event, after }, index) => {
          expect(before).toBe(transitions[index - 1]?.after ?? null)
          expect(fold(events.slice(0, index + 1))).toEqual(after)
          expect(after.version).toBe(index + 1)
          expect(event.sequence).toBe(index + 1)
          expect([event.from, event.to]).toEqual([before?.status ?? null, after.status])
        })
      }),
      { numRuns: numRuns(300) }
    )
  })

  it("comes back the same from JSON, events and all", () => {
    fc.assert(
      fc.property(history(), ({ order, events }) => {
        expect(JSON.parse(JSON.stringify(order))).toStrictEqual(order)
        expect(fold(JSON.parse(JSON.stringify(events)) as typeof events)).toStrictEqual(order)
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("never goes back in time, even when the clock does", () => {
    let setBack = 0
    fc.assert(
      fc.property(attempt, ({ order, occasion, decision, events }) => {
        const times = events.map(({ at }) => at)
        expect(times).toEqual(times.toSorted())
        if (Result.isFailure(decision)) return
        const { event, after } = decision.success
        expect(event.at).toBe(occasion.at > order.updatedAt ? occasion.at : order.updatedAt)
        expect(after.updatedAt).toBe(event.at)
        if (occasion.at < order.updatedAt) setBack++
      }),
      { numRuns: numRuns(500) }
    )
    expect(setBack).toBeGreaterThan(0)
  })

  it("refuses an event that does not follow its version", () => {
    fc.assert(
      fc.property(history(), fc.nat(30), ({ order, events }, index) => {
        const event = events[index % events.length]
        expect(event && (() => evolve(order, event))).toThrow("does not follow version")
      }),
      { numRuns: numRuns(100) }
    )
  })
})

describe("a cancelled order", () => {
  it("takes no command any more, except that a payment is recorded", () => {
    const met = new Set<string>()
    fc.assert(
      fc.property(history(), occasion, moves, ({ lifecycle, order }, cancelledOn, moves) => {
        const cancelled = decide(lifecycle, order, { type: "cancel" }, cancelledOn)
        fc.pre(Result.isSuccess(cancelled))
        const { after } = cancelled.success
        for (const [move, occasion] of moves) {
          const decision: Result.Result<Transition, Refusal> = decide(lifecycle, after, commandOf(after, move), occasion)
          if (Result.isFailure(decision)) {
            met.add(decision.failure.code)
            continue
          }
          expect(decision.success.event.type).toBe("order.payment_recorded")
          expect({ ...decision.success.after, payment: after.payment }).toEqual({
            ...after,
            payment: after.payment,
            version: after.version + 1,
            updatedAt: decision.success.event.at
          })
          met.add("recorded")
        }
      }),
      { numRuns: numRuns(500) }
    )
    expect([...met].toSorted()).toEqual([
      "ALREADY_CANCELLED",
      "ALREADY_ENDED",
      "NOT_FOUND",
      "ORDER_NOT_CONFIRMED",
      "ORDER_NOT_PENDING",
      "SUBSCRIPTION_NOT_ACTIVE",
      "recorded"
    ])
  })

  it("answers a second cancel with the first one's record, and keeps the first reason", () => {
    fc.assert(
      fc.property(history(), occasion, occasion, reason, reason, ({ lifecycle, order }, first, second, given, other) => {
        const cancelled = decide(lifecycle, order, { type: "cancel", reason: given }, first)
        fc.pre(Result.isSuccess(cancelled))
        const { after } = cancelled.success
        const refused = Result.getOrThrow(Result.flip(decide(lifecycle, after, { type: "cancel", reason: other }, second)))
        expect(refused).toMatchObject({ code: "ALREADY_CANCELLED", cancelledAt: cancelled.success.event.at, reason: given })
      }),
      { numRuns: numRuns(300) }
    )
  })
})

describe("an accepted cancel", () => {
  it("releases exactly what was held, line by line, and changes nothing else", () => {
    let partly = 0
    fc.assert(
      fc.property(history(), occasion, fc.option(reason, { nil: undefined }), ({ lifecycle, order }, occasion, given) => {
        const command = { type: "cancel" as const, ...(given !== undefined && { reason: given }) }
        const decision = decide(lifecycle, order, command, occasion)
        fc.pre(Result.isSuccess(decision))
        const { event, after } = decision.success

        order.lines.forEach(({ units, sku }, position) => {
          const released = event.released.filter(({ line }) => line === position)
          expect(released).toEqual(units.held === 0 ? [] : [{ line: position, sku, quantity: units.held }])
          expect(after.lines[position]?.units).toEqual({ ...units, held: 0, released: units.released + units.held })
        })
        expect(releasedBySku(event.released).reduce((sum, { quantity }) => sum + quantity, 0)).toBe(
          order.lines.reduce((sum, { units }) => sum + units.held, 0)
        )
        expect(untouchedByCancel(after)).toEqual(untouchedByCancel(order))
        expect(after.version).toBe(order.version + 1)
        expect(after.cancellation).toStrictEqual({
          at: event.at,
          by: occasion.actor,
          ...(given !== undefined && { reason: given })
        })
        if (order.subscriptions.length > 0) partly++
      }),
      { numRuns: numRuns(500) }
    )
    expect(partly).toBeGreaterThan(0)
  })

  it("leaves no active subscription behind", () => {
    fc.assert(
      fc.property(history(25), ({ events, order }) => {
        fc.pre(wasCancelled(events))
        expect(order.subscriptions.filter(({ ended }) => ended === undefined)).toEqual([])
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("was possible under the default policy whenever it is under the stricter one", () => {
    fc.assert(
      fc.property(history(), occasion, ({ order }, occasion) => {
        const strict = decide(lifecycles.beforeFulfilment, order, { type: "cancel" }, occasion)
        fc.pre(Result.isSuccess(strict))
        expect(decide(lifecycles.noActiveSubscriptions, order, { type: "cancel" }, occasion)).toEqual(strict)
      }),
      { numRuns: numRuns(200) }
    )
  })
})

describe("a started subscription", () => {
  it("takes the first line that has its SKU and a held unit", () => {
    fc.assert(
      fc.property(history(25), ({ transitions }) => {
        for (const { before, event } of transitions) {
          if (event.type !== "subscription.started" || before === null) continue
          const sku = before.lines[event.details.line]?.sku
          expect(event.details.line).toBe(before.lines.findIndex((line) => line.sku === sku && line.units.held > 0))
        }
      }),
      { numRuns: numRuns(300) }
    )
  })

  it("fills two lines of one SKU one after the other", () => {
    let filledBoth = 0
    fc.assert(
      fc.property(history(), starts, (past, more) => {
        const order = more.reduce((before, [start, occasion]) => {
          const decision = decide(past.lifecycle, before, commandOf(before, start), occasion)
          return Result.isSuccess(decision) ? decision.success.after : before
        }, past.order)
        const skus = order.lines.map(({ sku }) => sku)
        for (const sku of new Set(skus)) {
          // A line of an upgrade is never open.
          const lines = order.lines.filter((line) => line.sku === sku && line.upgradeOf === undefined)
          const started = lines.map(({ units }) => units.active + units.ended)
          const firstOpen = lines.findIndex(({ units }) => units.held > 0)
          if (firstOpen >= 0) expect(started.slice(firstOpen + 1).every((count) => count === 0)).toBe(true)
          if (lines.length > 1 && started.every((count) => count > 0)) filledBoth++
        }
      }),
      { numRuns: numRuns(500) }
    )
    expect(filledBoth).toBeGreaterThan(0)
  })
})

describe("asking first", () => {
  it("previews exactly what the command then does", () => {
    fc.assert(
      fc.property(attempt, ({ lifecycle, order, command, occasion, decision }) => {
        const asked = preview(lifecycle, order, command, occasion)
        if (Result.isFailure(decision)) {
          expect(asked.plan).toBeNull()
          expect(asked.blockers).not.toEqual([])
        } else {
          const { event, after } = decision.success
          expect(asked.plan).toEqual({ status: after.status, released: event.released, event })
          expect(evolve(order, asked.plan?.event ?? event)).toEqual(after)
          expect(asked.blockers).toEqual([])
        }
      }),
      { numRuns: numRuns(500) }
    )
  })

  it("finds a blocker exactly when the command is refused, and names that refusal first", () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(history(), moves, (past, moves) => {
        for (const [move, occasion] of moves) {
          const { lifecycle, order, command, decision } = attemptOn(past, move, occasion)
          const blockers = explain(lifecycle, order, command, occasion)
          expect(blockers.length === 0).toBe(Result.isSuccess(decision))
          if (Result.isSuccess(decision)) continue
          const { code, message, remedy } = decision.failure
          expect(blockers[0]).toMatchObject({ code, message, remedy })
          expect(new Set(blockers.map(({ guard }) => guard)).size).toBe(blockers.length)
          for (const blocker of blockers) {
            expect(codesOf[command.type]).toContain(blocker.code)
            seen.add(`${command.type} ${blocker.code}`)
          }
        }
      }),
      { numRuns: numRuns(1_500) }
    )
    const possible = commandTypes.flatMap((command) => codesOf[command].map((code) => `${command} ${code}`))
    expect([...seen].toSorted()).toEqual(possible.toSorted())
  })

  it("names every subscription that stands in the way of a cancel: the active ones, or under the stricter policy all there were", () => {
    fc.assert(
      fc.property(history(), ({ lifecycle, order }) => {
        const isStrict = lifecycle.policy === "beforeFulfilment"
        const inTheWay = order.subscriptions.filter(({ ended }) => isStrict || ended === undefined)
        const subscriptionIds = order.cancellation ? [] : inTheWay.map(({ subscriptionId }) => subscriptionId)
        const [blocker] = explain(lifecycle, order, { type: "cancel" })
        if (subscriptionIds.length > 0) expect(blocker).toMatchObject({ code: "ORDER_NOT_CANCELLABLE", subscriptionIds })
        else expect(blocker?.subscriptionIds ?? []).toEqual([])
      }),
      { numRuns: numRuns(300) }
    )
  })

  it("warns of a payment that a cancel does not refund, and of nothing else", () => {
    fc.assert(
      fc.property(attempt, ({ lifecycle, order, command, occasion }) => {
        const { warnings, plan } = preview(lifecycle, order, command, occasion)
        const isWarned = plan !== null && command.type === "cancel" && order.payment?.status === "paid"
        expect(warnings).toEqual(isWarned ? ["The order's payment is paid. Cancelling does not refund it."] : [])
      }),
      { numRuns: numRuns(500) }
    )
  })
})
