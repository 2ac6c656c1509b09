/**
 * Has orders wait for what the due rules of today ask for: those that came into a status before there was a rule for it. What waits already stays,
 * and what waits in a status that its order has left is taken away. Repeat it where orders were changed meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { optionsReader, ObjectOption } from "../lifecycle/options.ts"
import type { OrderRecord, OrderRecords } from "../lifecycle/OrderRecords.ts"
import { type DuePlan, OrderStore, type OutcomeUnknown, type StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { duePlan } from "../order/due.ts"
import { DurationText, durationMs } from "../order/durationText.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { TenantId } from "../order/Order.ts"
import { defaultPolicy } from "../order/policies/index.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { forEachPage } from "./pages.ts"

/** What orders are to wait for. */
export interface PlanDueOptions {
  readonly process?: OrderProcess
  /** As in `OrderLifecycle.layer`: also orders that are pending already, counted from when they were placed. */
  readonly pendingExpiresAfter?: string
  /** Only this tenant. */
  readonly tenantId?: TenantId
  /** Only count. */
  readonly dryRun?: boolean
}

/** What was done, or, in a dry run, would be. */
export interface DuePlanned {
  readonly tenants: number
  readonly orders: number
  /** Commands that are waited for from now on. */
  readonly written: number
  /** Commands that were waited for and are not any more. */
  readonly removed: number
  /** Orders that were changed meanwhile, and left as they are. */
  readonly changed: number
}

const readOptions = optionsReader<PlanDueOptions>("planDue", {
  process: ObjectOption,
  pendingExpiresAfter: DurationText,
  tenantId: TenantId,
  dryRun: Schema.Boolean
})

/** Plan for every order. Throws a `WrongOption` that names an option that cannot be used, or a `WrongProcess`. */
export const planDue = (
  given: PlanDueOptions
): Effect.Effect<DuePlanned, StoreUnavailable | OutcomeUnknown, OrderStore | OrderRecords> => {
  const { process, pendingExpiresAfter, tenantId, dryRun = false } = readOptions(given)
  const lifecycle = lifecycleOf(defaultPolicy, process, durationMs(pendingExpiresAfter))
  return Effect.gen(function* () {
    const store = yield* OrderStore
    const planned = { written: 0, removed: 0, changed: 0 }
    const walked = yield* forEachPage(tenantId, (tenant, page) => {
      const plans = page.flatMap((record) => planOf(lifecycle, record) ?? [])
      return Effect.map(dryRun ? Effect.succeed([]) : store.planDue(tenant, plans), (outcomes) => {
        for (const [n, { change }] of plans.entries()) {
          if (outcomes[n] === "conflict") planned.changed++
          else {
            planned.written += change.set.length
            planned.removed += change.cleared.length
          }
        }
      })
    })
    return { ...walked, ...planned }
  })
}

const planOf = (lifecycle: Lifecycle, { orderId, events, due }: OrderRecord): DuePlan | undefined => {
  const change = duePlan(
    lifecycle,
    events.map(({ event }) => event),
    due
  )
  return change && { orderId, version: events.length, change }
}
