/**
 * Would a process have allowed what has happened? Every stored history is given again, step by step, to the process that is to be deployed, as a
 * gate before it is. Reads all of it and changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FunctionOption, ObjectOption, optionsReader } from "../lifecycle/options.ts"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { type OrderId, TenantId } from "../order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames, defaultPolicy } from "../order/policies/index.ts"
import { type DisallowedStep, erased, judgeHistory } from "../order/process/judgeHistory.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { recordPages, tenantsOf } from "./pages.ts"

/** An order whose history would not have come about, and the first step of it that would not. */
export interface Disallowed extends DisallowedStep {
  readonly tenantId: TenantId
  readonly orderId: OrderId
}

/** How far it has come. */
export interface Replayed {
  readonly tenants: number
  readonly orders: number
  readonly events: number
  /** Orders with a step that cannot be judged, because a guard may look at what was erased. They are judged up to there. */
  readonly ordersNotJudged: number
}

/** What to replay, and under what. */
export interface ReplayOptions {
  readonly process: OrderProcess
  /** The policy that the process is to be deployed under: `noActiveSubscriptions` unless said otherwise. */
  readonly cancellationPolicy?: CancellationPolicy
  /** Only this tenant. */
  readonly tenantId?: TenantId
  /** Called after every page. */
  readonly onReplayed?: (replayed: Replayed) => Effect.Effect<void>
}

const readOptions = optionsReader<ReplayOptions>("replay", {
  process: ObjectOption,
  cancellationPolicy: Schema.Literals(cancellationPolicyNames),
  tenantId: TenantId,
  onReplayed: FunctionOption
})

/**
 * Every order whose history the process would not have allowed, as it is found. Throws a `WrongOption` that names an option that cannot be used, or
 * a `WrongProcess`.
 */
export const replay = (given: ReplayOptions): Stream.Stream<Disallowed, StoreUnavailable, OrderRecords> => {
  const { process, cancellationPolicy = defaultPolicy, tenantId, onReplayed } = readOptions(given)
  const lifecycle = lifecycleOf(cancellationPolicy, process)
  return Stream.unwrap(
    Effect.map(OrderRecords, (records) => {
      const replayed = { tenants: 0, orders: 0, events: 0, ordersNotJudged: 0 }
      const replayTenant = (tenant: TenantId) => {
        replayed.tenants++
        return Stream.flattenIterable(
          Stream.mapEffect(recordPages(records, tenant), (page) => {
            const found: Array<Disallowed> = []
            for (const { orderId, events } of page) {
              replayed.orders++
              replayed.events += events.length
              const judged = judgeHistory(lifecycle, events)
              if (judged === erased) replayed.ordersNotJudged++
              else if (judged !== null) found.push({ tenantId: tenant, orderId, ...judged })
            }
            return Effect.as(
              Effect.suspend(() => onReplayed?.({ ...replayed }) ?? Effect.void),
              found
            )
          })
        )
      }
      return Stream.flatMap(tenantId === undefined ? tenantsOf(records) : Stream.succeed(tenantId), replayTenant)
    })
  )
}
