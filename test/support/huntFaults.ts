/**
 * The checkers of the honest runs, all of them on one store on PostgreSQL, in a few seconds: what they find, and which of them found it.
 * A run on the store as it is finds nothing; a run on one with a planted bug has to find something, or the checkers prove nothing.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as SqlClient from "effect/sql/SqlClient"
import type { TenantId } from "../../src/order/Order.ts"
import { auditOutbox } from "../../src/testing/auditStore.ts"
import { BrokenSchedule, exploreSchedules, type Mix } from "../../src/testing/exploreSchedules.ts"
import { openings } from "../../src/testing/mixes.ts"
import { shopOver } from "../../src/testing/shop.ts"
import { gatedPostgres, waitForLocks } from "./gatedSessions.ts"
import { around, type Rewiring } from "./rewiredClient.ts"

/** Few, but each kind of call is in them, and each kind of race. */
const mixes: ReadonlyArray<Mix> = [
  {
    before: openings.rented(true),
    calls: [
      { type: "cancelSubscription", order: 0, rental: 0 },
      { type: "cancel", order: 0, reason: "quick" }
    ]
  },
  {
    before: openings.confirmed(false),
    calls: [
      { type: "cancel", order: 0, reason: "quick" },
      { type: "startSubscription", order: 0, serial: "A" }
    ]
  },
  {
    before: openings.pending(false),
    calls: [
      { type: "confirm", order: 0 },
      { type: "cancel", order: 0, reason: "with a key", key: "K" }
    ]
  },
  {
    before: openings.confirmed(false),
    calls: [
      { type: "cancel", order: 0, reason: "with a key", key: "K" },
      { type: "cancel", order: 0, reason: "with a key", key: "K" }
    ]
  },
  {
    before: openings.confirmed(true),
    calls: [
      { type: "startSubscription", order: 0, serial: "A" },
      { type: "startSubscription", order: 1, serial: "A" }
    ]
  }
]

export interface Found {
  readonly by: "model" | "linearizability" | "auditor" | "outbox auditor" | "scheduler"
  readonly fault: string
}

const checkerOf = (fault: string): Found["by"] =>
  fault.startsWith("no order of the calls") ? "linearizability" : /wait for each other/.test(fault) ? "scheduler" : "auditor"

/** Everything the checkers find on a store whose connections do what `alter` makes of them. */
export const huntFaults = (alter: Rewiring = (connection) => connection): Promise<ReadonlyArray<Found>> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const found: Array<Found> = []
    for (const mix of mixes) {
      const exit = yield* Effect.exit(exploreSchedules(mix, { areWaiting: waitForLocks(sql) }))
      if (Exit.isSuccess(exit)) continue
      const broken = Cause.squash(exit.cause)
      if (broken instanceof BrokenSchedule) found.push(...broken.faults.map((fault) => ({ by: checkerOf(fault), fault })))
      // The calls that come before have no rivals: the model knows their answers.
      else found.push({ by: "model", fault: broken instanceof Error ? broken.message : String(broken) })
      break
    }
    const tenants = yield* sql<{ tenant_id: TenantId }>`SELECT DISTINCT tenant_id FROM order_lifecycle.orders`
    const undelivered = yield* auditOutbox(tenants.map(({ tenant_id }) => tenant_id))
    found.push(...undelivered.map((fault) => ({ by: "outbox auditor" as const, fault })))
    return found
  }).pipe(Effect.provide(shopOver(gatedPostgres(alter))), Effect.runPromise)

/** What to look for in a statement, and what to write in its place. */
export type Misspelling = readonly [from: string | RegExp, to: string]
/** A connection that sends other statements than it is given, and how often each change was made. */
export const misspelling = (changes: ReadonlyArray<Misspelling>) => {
  const met = changes.map(() => 0)
  const misspell = (text: string) =>
    changes.reduce((before, [from, to], n) => {
      const after = before.replace(from, to)
      if (after !== before) met[n] = (met[n] ?? 0) + 1
      return after
    }, text)
  return { alter: around((text, send) => send(misspell(text))), met }
}
