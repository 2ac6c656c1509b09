/**
 * Has lists find orders by email, external reference and SKU, and by the members of own data that a process names: those orders, too, that were
 * placed or changed before there was the filter, or by a program without it. Repeat it where orders were changed meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ObjectOption, optionsReader } from "../lifecycle/options.ts"
import type { OrderRecord, OrderRecords } from "../lifecycle/OrderRecords.ts"
import { type DataIndexing, OrderStore, type OutcomeUnknown, type StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import { lookupsOf } from "../order/lookups.ts"
import { Order, type OwnData, TenantId } from "../order/Order.ts"
import { defaultPolicy } from "../order/policies/index.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import { filterableOf, type OwnFilters } from "../order/process/OwnFilters.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { forEachPage } from "./pages.ts"

/** What lists are to find orders by. */
export interface IndexDataOptions {
  /** Whose filters there are. Left out, what there is of own data stays as it is. */
  readonly process?: OrderProcess
  /** Only this tenant. */
  readonly tenantId?: TenantId
  /** Only count. */
  readonly dryRun?: boolean
}

/** What was done, or, in a dry run, would be. */
export interface DataIndexed {
  readonly tenants: number
  readonly orders: number
  /** Orders that lists found by less than there is, or by something else. */
  readonly indexed: number
  /** Orders that were changed meanwhile, and left as they are. */
  readonly changed: number
}

const readOptions = optionsReader<IndexDataOptions>("indexData", {
  process: ObjectOption,
  tenantId: TenantId,
  dryRun: Schema.Boolean
})

/** Index every order. Throws a `WrongOption` that names an option that cannot be used, or a `WrongProcess`. */
export const indexData = (
  given: IndexDataOptions
): Effect.Effect<DataIndexed, StoreUnavailable | OutcomeUnknown, OrderStore | OrderRecords> => {
  const { process, tenantId, dryRun = false } = readOptions(given)
  const filters: OwnFilters | undefined =
    process === undefined ? undefined : (lifecycleOf(defaultPolicy, process).process?.data.filters ?? new Map())
  return Effect.gen(function* () {
    const store = yield* OrderStore
    const count = { indexed: 0, changed: 0 }
    const walked = yield* forEachPage(tenantId, (tenant, page) => {
      const orders = page.flatMap((record) => indexingOf(filters, record) ?? [])
      return Effect.map(dryRun ? Effect.succeed([]) : store.indexData(tenant, orders), (outcomes) => {
        const changed = outcomes.filter((outcome) => outcome === "conflict").length
        count.changed += changed
        count.indexed += orders.length - changed
      })
    })
    return { ...walked, ...count }
  })
}

/** What is to be written for an order; undefined when lists find it by what it has and by nothing else. */
const indexingOf = (filters: OwnFilters | undefined, record: OrderRecord): DataIndexing | undefined => {
  const { orderId, events } = record
  const indexing = { ...filterableFor(filters, record), ...lookupsFor(record) }
  return Object.keys(indexing).length === 0 ? undefined : { orderId, version: events.length, ...indexing }
}

const filterableFor = (
  filters: OwnFilters | undefined,
  { events, filterable }: OrderRecord
): Pick<DataIndexing, "filterable"> => {
  if (filterable === null || filters === undefined) return {}
  const expected = filterableOf(filters, newestData(events))
  const isIndexed =
    filterable.length === Object.keys(expected).length &&
    filterable.every(({ member, json }) => json === JSON.stringify(expected[member]))
  return isIndexed ? {} : { filterable: expected }
}

/** As the stored order has them: whether that is what its events make of it is another question (A2). */
const lookupsFor = ({ order, lookups }: OrderRecord): Pick<DataIndexing, "lookups"> => {
  const read = decodeOrder(order)
  if (lookups === null || Result.isFailure(read)) return {}
  const expected = lookupsOf(read.success)
  const isIndexed =
    lookups.length === expected.length &&
    expected.every((one) => lookups.some(({ kind, value }) => kind === one.kind && value === one.value))
  return isIndexed ? {} : { lookups: expected }
}

const decodeOrder = Schema.decodeUnknownResult(Order)

/** An event that changes own data has all of them. What is stored has not been checked: one may have no details at all. */
const newestData = (events: ReadonlyArray<SealedEvent>): OwnData | undefined =>
  events
    .map(({ event }) => event.details as { readonly data?: OwnData } | undefined)
    .findLast((details) => details?.data !== undefined)?.data
