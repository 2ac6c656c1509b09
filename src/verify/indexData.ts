/**
 * Has lists find orders by the members of own data that a process names: those orders, too, that were placed or changed before it named them, or by
 * a program without it. Repeat it where orders were changed meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ObjectOption, optionsReader } from "../lifecycle/options.ts"
import type { OrderRecord, OrderRecords } from "../lifecycle/OrderRecords.ts"
import { type DataIndexing, OrderStore, type OutcomeUnknown, type StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import { type OwnData, TenantId } from "../order/Order.ts"
import { defaultPolicy } from "../order/policies/index.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import { filterableOf, type OwnFilters } from "../order/process/OwnFilters.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { forEachPage } from "./pages.ts"

/** What lists are to find orders by. */
export interface IndexDataOptions {
  readonly process: OrderProcess
  /** Only this tenant. */
  readonly tenantId?: TenantId
  /** Only count. */
  readonly dryRun?: boolean
}

/** What was done, or, in a dry run, would be. */
export interface DataIndexed {
  readonly tenants: number
  readonly orders: number
  /** Orders that lists found by less than their data, or by something else. */
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
  const filters: OwnFilters = lifecycleOf(defaultPolicy, process).process?.data.filters ?? new Map()
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

/** What is to be written for an order; undefined when lists find it by its data and by nothing else. */
const indexingOf = (filters: OwnFilters, { orderId, events, filterable }: OrderRecord): DataIndexing | undefined => {
  if (filterable === null) return undefined
  const expected = filterableOf(filters, newestData(events))
  const isIndexed =
    filterable.length === Object.keys(expected).length &&
    filterable.every(({ member, json }) => json === JSON.stringify(expected[member]))
  return isIndexed ? undefined : { orderId, version: events.length, filterable: expected }
}

/** An event that changes own data has all of them. What is stored has not been checked: one may have no details at all. */
const newestData = (events: ReadonlyArray<SealedEvent>): OwnData | undefined =>
  events
    .map(({ event }) => event.details as { readonly data?: OwnData } | undefined)
    .findLast((details) => details?.data !== undefined)?.data
