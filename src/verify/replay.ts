/**
 * Would a process have allowed what has happened? Every stored history is given again, step by step, to the process that is to be deployed, as a
 * gate before it is. Reads all of it and changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FunctionOption, ObjectOption, optionsReader } from "../lifecycle/options.ts"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import { evolve } from "../order/evolve.ts"
import { answerTo, hasStatus, type Lifecycle } from "../order/lifecycleTable.ts"
import { type Order, type OrderId, TenantId, unitsOf } from "../order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames, defaultPolicy } from "../order/policies/index.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { recordPages, tenantsOf } from "./pages.ts"

/** An order whose history would not have come about, and the first step of it that would not. */
export interface Disallowed {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  /** The event: its place in the history, and its type. */
  readonly sequence: number
  readonly type: string
  readonly message: string
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
              const judged = judge(lifecycle, events)
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

type Judged = Omit<Disallowed, "tenantId" | "orderId"> | typeof erased | null

/** What is wrong with a step, in words; or that it cannot be judged. */
type Fault = string | typeof erased | null
const erased = Symbol("erased")

/** The first step that the lifecycle would not have allowed; null when there is none. */
export const judge = (lifecycle: Lifecycle, events: ReadonlyArray<SealedEvent>): Judged => {
  let order: Order | null = null
  for (const { event, salt } of events) {
    const fault = order === null ? placingFault(lifecycle, event) : stepFault(lifecycle, order, event, salt === null)
    if (fault === erased) return fault
    if (fault !== null) return { sequence: event.sequence, type: event.type, message: fault }
    order = evolve(order, event)
  }
  return null
}

type Event = SealedEvent["event"]

const placingFault = (lifecycle: Lifecycle, { to, details }: Event): string | null => {
  if (to !== lifecycle.initial) return `an order begins as ${lifecycle.initial} now, and this one began as ${to}`
  return dataFault(lifecycle, details)
}

const stepFault = (lifecycle: Lifecycle, order: Order, event: Event, isErased: boolean): Fault => {
  if (!hasStatus(lifecycle, order.status)) return `there is no status ${order.status}`
  const definition = Object.values(lifecycle.commands).find(({ kind }) => kind === event.type)
  if (definition === undefined) return `no command is recorded by ${event.type}`
  const { type } = definition.questionOfEvent(order, event)
  const isGuarded = [...(lifecycle.process?.guards.values() ?? [])].some(({ before }) => before === type)
  if (isErased && isGuarded) return erased
  const command = definition.commandOf(order, event)
  const given = { order: order as never, command, at: event.at, actor: event.actor }
  const context = { units: unitsOf(order), ...(lifecycle.process && { given }) }
  const answer = answerTo(lifecycle, order.status, context, definition.questionOfEvent(order, event))
  if (answer.refusal)
    return `${type} in ${order.status} is refused: ${answer.refusal.code} (${answer.refusal.lacking} does not hold)`
  if (answer.to !== event.to) return `${type} in ${order.status} leads to ${answer.to} now, and led to ${event.to}`
  return dataFault(lifecycle, event.details)
}

/** Own data that the schema of the process does not take. */
const dataFault = ({ process }: Lifecycle, details: object): string | null => {
  if (process === undefined || !("data" in details) || details.data === undefined) return null
  const read = process.data.read(details.data)
  return Result.isFailure(read) ? read.failure.details.map(({ path, message }) => `${path} ${message}`).join("; ") : null
}
