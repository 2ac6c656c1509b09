/**
 * Is everything that is stored as it should be? Reads all of it and changes nothing.
 *
 * It can run beside a service at work: each order is read in one snapshot, so that what is in the middle of being committed is not taken
 * for damage. Memory does not grow with the store: orders come in pages by key, and what was checked is forgotten.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CurrentDigest } from "../lifecycle/CurrentDigest.ts"
import { FunctionOption, ObjectOption, optionsReader } from "../lifecycle/options.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { OrderRecords, type OrderRecord, type StoreFault } from "../lifecycle/OrderRecords.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { Digest } from "../order/digest.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { canJudge } from "./walkHistory.ts"
import { TenantId } from "../order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../order/policies/index.ts"
import { checkRecord } from "./checkRecord.ts"
import { checkHeads, type Head } from "./heads.ts"
import { repairOf } from "./invariants.ts"
import { recordPages, tenantsOf } from "./pages.ts"
import type { Violation } from "./Violation.ts"

/** How far it has come. */
export interface Checked {
  readonly tenants: number
  readonly orders: number
  readonly events: number
  /**
   * Orders whose event has amounts and not their decimals: an earlier build wrote it, and its currency's decimals are taken from a table of
   * what that build assumed. No violation.
   */
  readonly ordersWithAssumedDecimals: number
  /** Events of a process that was not given, or of a status of its: whether they were right to come about cannot be said. No violation. */
  readonly eventsNotJudged: number
}

/** What to look at, what to compare it with, and whom to tell of the progress. */
export interface VerifyOptions<E = never, R = never> {
  /** Only this tenant. */
  readonly tenantId?: TenantId
  /** The policy that orders were cancelled under. Without it, a cancel is right when any policy allows it. */
  readonly cancellationPolicy?: CancellationPolicy
  /** The process that orders are under, where the embedding service has one of its own: its events and statuses are judged by it. */
  readonly process?: OrderProcess
  /** Heads that were kept elsewhere: only they show that an order's newest events were cut off, or an order taken away whole. */
  readonly heads?: Stream.Stream<Head, E, R>
  /** Called after every page. */
  readonly onChecked?: (checked: Checked) => Effect.Effect<void>
}

/** Every violation there is, as it is found. Nothing is repaired. Throws a `WrongOption` that names an option that cannot be used. */
export const verify = <E = never, R = never>(
  given: VerifyOptions<E, R> = {}
): Stream.Stream<Violation, E | StoreUnavailable, R | OrderRecords> => {
  const options = readOptions(given)
  return Stream.unwrap(
    Effect.map(Effect.all([OrderRecords, CurrentDigest]), ([records, digest]) => {
      const names = options.cancellationPolicy ? [options.cancellationPolicy] : cancellationPolicyNames
      const policies = names.map((policy) => lifecycleOf(policy, options.process))
      const checked = { tenants: 0, orders: 0, events: 0, ordersWithAssumedDecimals: 0, eventsNotJudged: 0 }
      const report = Effect.suspend(() => options.onChecked?.({ ...checked }) ?? Effect.void)

      const checkTenant = (tenantId: TenantId) => {
        checked.tenants++
        const orders = Stream.mapEffect(recordPages(records, tenantId), (page) => {
          checked.orders += page.length
          for (const { events } of page) {
            checked.events += events.length
            if (events.some(hasAssumedDecimals)) checked.ordersWithAssumedDecimals++
            for (const { event } of events)
              if (event.process !== undefined && !policies.some((each) => canJudge(each, event))) checked.eventsNotJudged++
          }
          return Effect.as(
            report,
            page.flatMap((record) => checkOne(policies, record, digest))
          )
        })
        return Stream.concat(Stream.flattenIterable(orders), Stream.map(records.faults(tenantId), toViolation))
      }

      const { tenantId, heads } = options
      return Stream.map(records.faults(null), toViolation).pipe(
        Stream.concat(Stream.flatMap(tenantId === undefined ? tenantsOf(records) : Stream.succeed(tenantId), checkTenant)),
        Stream.concat(heads === undefined ? Stream.empty : checkHeads(records, heads, tenantId))
      )
    })
  )
}

const readOptions = optionsReader<VerifyOptions<unknown, unknown>>("verify", {
  tenantId: TenantId,
  cancellationPolicy: Schema.Literals(cancellationPolicyNames),
  process: ObjectOption,
  heads: Schema.Unknown.check(Schema.makeFilter<unknown>((heads) => Stream.isStream(heads) || "must be a Stream")),
  onChecked: FunctionOption
})

/** What is stored has not been checked yet, so that an event may have no details at all. */
const hasAssumedDecimals = ({ event }: SealedEvent): boolean => {
  const { type, details } = event as { readonly type: string; readonly details?: unknown }
  return type === "order.placed" && typeof details === "object" && details !== null && !("decimals" in details)
}

const checkOne = (policies: ReadonlyArray<Lifecycle>, record: OrderRecord, digest: Digest): ReadonlyArray<Violation> => {
  const { tenantId, orderId } = record
  return checkRecord(policies, record, digest).map(({ id, message }) => ({
    id,
    tenantId,
    orderId,
    message,
    repair: repairOf(id)
  }))
}

const toViolation = (fault: StoreFault): Violation => ({ ...fault, repair: repairOf(fault.id) })
