/** Two relays on one outbox in memory, in every order in which their steps can come: lease, settle, run out, die over it and lease again. */
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { type Lease, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { tried } from "../support/evidence.ts"

/** A relay takes a lease that lasts (`hold`) or is over at once (`brief`), or settles what it has as done or failed. */
const steps = ["hold", "brief", "done", "fail"] as const
type Step = readonly [relay: 0 | 1, step: (typeof steps)[number]]
const all = ([0, 1] as const).flatMap((relay) => steps.map((step): Step => [relay, step]))

const schedulesOf = (length: number): ReadonlyArray<ReadonlyArray<Step>> =>
  length === 0 ? [[]] : schedulesOf(length - 1).flatMap((before) => all.map((step) => [...before, step]))

/** A relay without a lease has nothing to settle; and which one begins makes no difference. */
const isOfUse = (schedule: ReadonlyArray<Step>): boolean =>
  schedule[0]?.[0] === 0 &&
  schedule.every(
    ([relay, step], place) =>
      isLease(step) || isLease(schedule.slice(0, place).findLast(([before]) => before === relay)?.[1] ?? "done")
  )
const isLease = (step: Step[1]) => step === "hold" || step === "brief"

const consumer = "mail"

const play = Effect.fnUntraced(function* (schedule: ReadonlyArray<Step>) {
  const store = yield* OrderStore
  const tenantId = freshTenant()
  yield* store.addConsumer({ tenantId, consumer }, "now")
  const placed = placing(tenantId)
  yield* store.commit([placed])
  yield* store.commit([next(headOf(placed), confirm)])
  const held: [Lease | null, Lease | null] = [null, null]
  const faults: Array<string> = []
  /** The model: how many are done, and whose lease is the newest; whether that has run out. */
  let [done, owner, isOver] = [0, null as string | null, true]
  for (const [relay, step] of schedule) {
    if (isLease(step)) {
      const lease = yield* store.leaseEvents({ tenantId, consumer, limit: 10, leaseMs: step === "hold" ? 3_600_000 : 0 })
      const got = lease?.deliveries.map(({ sealed }) => sealed.event.sequence) ?? []
      const expected = isOver && done < 2 ? [done + 1] : []
      if (got.join() !== expected.join()) faults.push(`handed out ${got.join()}, and not ${expected.join()}`)
      held[relay] = got.length > 0 ? lease : null
      if (got.length > 0) [owner, isOver] = [lease?.leaseId ?? null, step === "brief"]
      continue
    }
    const lease = held[relay]
    held[relay] = null
    if (lease === null) continue
    const { orderId, sequence } = lease.deliveries[0]?.sealed.event ?? placed.transition.event
    const settlement = { orderId, sequence, ...(step === "fail" && { failed: { error: "busy", retryMs: 0 } }) }
    const outcome = yield* store.settleEvents({ tenantId, consumer, leaseId: lease.leaseId, settlements: [settlement] })
    const isOwner = owner === lease.leaseId
    if (outcome[0] !== (isOwner ? "settled" : "lost")) faults.push(`${step} of ${sequence} by relay ${relay} was ${outcome[0]}`)
    if (isOwner) [done, owner, isOver] = [step === "done" ? done + 1 : done, null, true]
  }
  return faults
})

it("hands out one event of an order at a time, to one relay, and takes it as done from none but its owner", () =>
  Effect.gen(function* () {
    const schedules = schedulesOf(5).filter(isOfUse)
    const broken: Array<string> = []
    for (const schedule of schedules)
      for (const fault of yield* play(schedule)) broken.push(`${schedule.map((step) => step.join(" ")).join(", ")}: ${fault}`)
    expect(broken.slice(0, 5)).toEqual([])
    expect(schedules.length).toBeGreaterThan(1_000)
    tried("schedules of two relays, every one of five steps", schedules.length)
  }).pipe(Effect.provide(memory), Effect.runPromise))
