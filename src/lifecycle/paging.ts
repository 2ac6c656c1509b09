/** Lists in pages: the request a caller makes, checked, and the page that answers it. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { AssetStatus, type RegisteredAsset } from "../asset/RegisteredAsset.ts"
import {
  CustomerId,
  ExternalReference,
  type Order,
  OrderId,
  LibraryStatus,
  type OrderStatus,
  SerialNumber,
  Sku,
  type Subscription,
  SubscriptionId,
  SubscriptionStatus,
  type TenantId,
  totalsOf
} from "../order/Order.ts"
import { type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import { emailKeyOf } from "../order/lookups.ts"
import { type DataFilter, filterReader } from "../order/process/OwnFilters.ts"
import { reader } from "../order/readInput.ts"
import { Email } from "../order/Text.ts"
import { DateInput, fromDateInput } from "../order/Timestamp.ts"
import { type ListSort, readCursor, writeCursor } from "./Cursor.ts"
import { logUnreadable } from "./logUnreadable.ts"
import type { AssetSort, OrderSort, OrderStore, PagePosition, Period, Row, SubscriptionSort } from "./OrderStore.ts"

/** How many rows a page may have. */
export const limits = { minimum: 1, maximum: 100 } as const
const Limit = Schema.Int.check(Schema.isBetween(limits))
/** How many a page has when the request names no limit. */
export const defaultLimit = 50

/** Up to five statuses; what has one of them is listed. */
export const statusList = <Status extends Schema.Constraint>(status: Status) =>
  Schema.Array(status).check(Schema.isMinLength(1), Schema.isMaxLength(5))
const oneOrMore = <Status extends string>(status: Schema.Literals<ReadonlyArray<Status>>) =>
  Schema.Union([status, statusList(status)])

const orderListRequest = <Status extends string>(statuses: ReadonlyArray<Status>) =>
  Schema.Struct({
    limit: Schema.optionalKey(Limit),
    startAfter: Schema.optionalKey(Schema.String),
    status: Schema.optionalKey(oneOrMore(Schema.Literals(statuses))),
    customerId: Schema.optionalKey(CustomerId),
    email: Schema.optionalKey(Email),
    externalReference: Schema.optionalKey(ExternalReference),
    sku: Schema.optionalKey(Sku),
    createdFrom: Schema.optionalKey(DateInput),
    createdTo: Schema.optionalKey(DateInput),
    updatedFrom: Schema.optionalKey(DateInput),
    updatedTo: Schema.optionalKey(DateInput),
    sortBy: Schema.optionalKey(Schema.Literals(["createdAt", "updatedAt", "orderId", "status", "totals.total"])),
    sortDir: Schema.optionalKey(Schema.Literals(["asc", "desc"]))
  })

/**
 * Which orders, in which order, and how many a page. A process has statuses of its own besides, and members of own data to filter by. Source:
 * flexportal-facts.md, section 4.2.
 */
export const OrderListRequest = orderListRequest(LibraryStatus.literals)
export type OrderListRequest = Omit<typeof OrderListRequest.Type, "status"> & {
  readonly status?: OrderStatus | ReadonlyArray<OrderStatus>
  /** Values that the own data have: those of the members that the process says by `filterBy`. */
  readonly data?: DataFilter
}

/**
 * Which subscriptions, in which order (the newest first, or the end date that comes first), and how many a page. Source: whole-life.md, section 4.
 */
export const SubscriptionListRequest = Schema.Struct({
  limit: Schema.optionalKey(Limit),
  startAfter: Schema.optionalKey(Schema.String),
  orderId: Schema.optionalKey(OrderId),
  status: Schema.optionalKey(oneOrMore(SubscriptionStatus)),
  customerId: Schema.optionalKey(CustomerId),
  serialNumber: Schema.optionalKey(SerialNumber),
  sku: Schema.optionalKey(Sku),
  endDateFrom: Schema.optionalKey(DateInput),
  endDateTo: Schema.optionalKey(DateInput),
  sortBy: Schema.optionalKey(Schema.Literals(["createdAt", "endDate"])),
  sortDir: Schema.optionalKey(Schema.Literals(["asc", "desc"]))
})
export type SubscriptionListRequest = typeof SubscriptionListRequest.Type

/** Which assets, in which order, and how many a page. Source: flexportal-facts.md, section 6. */
export const AssetListRequest = Schema.Struct({
  limit: Schema.optionalKey(Limit),
  startAfter: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(oneOrMore(AssetStatus)),
  sku: Schema.optionalKey(Sku),
  customerId: Schema.optionalKey(CustomerId),
  subscriptionId: Schema.optionalKey(SubscriptionId),
  sortBy: Schema.optionalKey(Schema.Literals(["createdAt", "updatedAt", "serialNumber", "status", "sku"])),
  sortDir: Schema.optionalKey(Schema.Literals(["asc", "desc"]))
})
export type AssetListRequest = typeof AssetListRequest.Type

/**
 * One page. `nextCursor` goes into the next request's `startAfter`; null on the last page. A stored order that cannot be read is left out and
 * named in the log, so a page may have fewer than `limit` items and still not be the last.
 */
export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly limit: number
  readonly nextCursor: string | null
}

/** A reader of what is asked of a list of orders, which may stand in the statuses of the lifecycle, and have data that its process keeps. */
export const orderListReader = (lifecycle: Lifecycle) => {
  const statuses = statusesOf(lifecycle)
  const { fields } = orderListRequest(statuses)
  const readRequest = reader(Schema.Struct({ ...fields, data: Schema.optionalKey(Schema.Unknown) }), "", "refused")
  const readFilter = filterReader(lifecycle.process?.data.filters ?? new Map())
  return {
    statuses,
    read: (request: OrderListRequest) =>
      Result.flatMap(readRequest(request), ({ data, ...filters }) =>
        Result.map(data === undefined ? Result.succeed({}) : readFilter(data), (filter) => ({
          ...filters,
          ...(Object.keys(filter).length > 0 && { data: filter })
        }))
      )
  }
}
const readAssetListRequest = reader(AssetListRequest, "", "refused")
const readSubscriptionListRequest = reader(SubscriptionListRequest, "", "refused")

/** The value each order is sorted by. */
const sortValue: Record<OrderSort, (order: Order) => PagePosition["value"]> = {
  createdAt: (order) => order.createdAt,
  updatedAt: (order) => order.updatedAt,
  orderId: (order) => order.orderId,
  status: (order) => order.status,
  "totals.total": (order) => [order.currency, totalsOf(order).total]
}

/** Where an order stands in a list sorted by `sortBy`. */
export const orderPosition = (order: Order, sortBy: OrderSort): PagePosition => ({
  value: sortValue[sortBy](order),
  id: order.orderId
})

/** Where a subscription stands in a list sorted by `sortBy`. */
export const subscriptionPosition = (subscription: Subscription, sortBy: SubscriptionSort): PagePosition => ({
  value: subscription[sortBy],
  id: subscription.subscriptionId
})

/** Where an asset stands in a list sorted by `sortBy`. */
export const assetPosition = (asset: RegisteredAsset, sortBy: AssetSort): PagePosition => ({
  value: asset[sortBy],
  id: asset.serialNumber
})

/** The page that rows make, of which one more than `limit` was asked for to see whether there is a next page. */
const pageOf = <Item>(
  list: string,
  rows: ReadonlyArray<Row<Item>>,
  limit: number,
  position: (item: Item) => PagePosition
): Page<Item> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const isLastPage = rows.length <= limit || last === undefined
  const cursor = isLastPage ? null : writeCursor(list, "item" in last ? position(last.item) : last.position)
  return { items: shown.flatMap((row) => ("item" in row ? [row.item] : [])), limit, nextCursor: cursor }
}

/** One status as a list of it, as stores take it. */
const listed = <Status extends string>(status: Status | ReadonlyArray<Status> | undefined) =>
  status === undefined ? {} : { status: typeof status === "string" ? [status] : status }

/** Name the rows of a page that could not be read. */
const logUnreadableRows = (tenantId: TenantId, rows: ReadonlyArray<Row<unknown>>, limit: number) =>
  Effect.forEach(rows.slice(0, limit), (row) => ("item" in row ? Effect.void : logUnreadable({ tenantId, ...row.unreadable })), {
    discard: true
  })

const positionAfter = (list: string, sortBy: ListSort, cursor: string | undefined, statuses?: ReadonlyArray<string>) =>
  cursor === undefined ? Result.succeed({}) : Result.map(readCursor(list, sortBy, cursor, statuses), (after) => ({ after }))

/** A time as stores take it; undefined where it has no end. */
const period = (from: string | undefined, to: string | undefined): Period | undefined =>
  from === undefined && to === undefined
    ? undefined
    : {
        ...(from !== undefined && { from: fromDateInput(from) }),
        ...(to !== undefined && { to: fromDateInput(to) })
      }

export const listOrders = Effect.fn("OrderLifecycle.list")(function* (
  store: OrderStore["Service"],
  { read, statuses }: ReturnType<typeof orderListReader>,
  tenantId: TenantId,
  request: OrderListRequest = {}
) {
  const {
    limit = defaultLimit,
    sortBy = "createdAt",
    sortDir = "desc",
    startAfter,
    status,
    email,
    createdFrom,
    createdTo,
    updatedFrom,
    updatedTo,
    ...others
  } = yield* Effect.fromResult(read(request))
  const [created, updated] = [period(createdFrom, createdTo), period(updatedFrom, updatedTo)]
  const filters = {
    ...others,
    ...(email !== undefined && { emailKey: emailKeyOf(email) }),
    ...(created && { created }),
    ...(updated && { updated })
  }
  const list = `orders ${sortBy} ${sortDir}`
  const after = yield* Effect.fromResult(positionAfter(list, sortBy, startAfter, statuses))
  const rows = yield* store.listOrders({ tenantId, sortBy, sortDir, limit: limit + 1, ...filters, ...listed(status), ...after })
  yield* logUnreadableRows(tenantId, rows, limit)
  return pageOf(list, rows, limit, (order) => orderPosition(order, sortBy))
})

export const listSubscriptions = Effect.fn("OrderLifecycle.listSubscriptions")(function* (
  store: OrderStore["Service"],
  tenantId: TenantId,
  request: SubscriptionListRequest = {}
) {
  const {
    limit = defaultLimit,
    startAfter,
    status,
    endDateFrom,
    endDateTo,
    sortBy = "createdAt",
    // What was started last and what ends next is what is looked for.
    sortDir = sortBy === "endDate" ? "asc" : "desc",
    ...others
  } = yield* Effect.fromResult(readSubscriptionListRequest(request))
  const ends = period(endDateFrom, endDateTo)
  const filters = { ...others, ...(ends && { ends }) }
  const list = sortBy === "createdAt" && sortDir === "desc" ? "subscriptions" : `subscriptions ${sortBy} ${sortDir}`
  const after = yield* Effect.fromResult(positionAfter(list, sortBy, startAfter))
  const rows = yield* store.listSubscriptions({
    tenantId,
    sortBy,
    sortDir,
    limit: limit + 1,
    ...filters,
    ...listed(status),
    ...after
  })
  yield* logUnreadableRows(tenantId, rows, limit)
  return pageOf(list, rows, limit, ({ subscription }) => subscriptionPosition(subscription, sortBy))
})

export const listAssets = Effect.fn("AssetRegistry.list")(function* (
  store: OrderStore["Service"],
  tenantId: TenantId,
  request: AssetListRequest = {}
) {
  const {
    limit = defaultLimit,
    sortBy = "createdAt",
    sortDir = "desc",
    startAfter,
    status,
    ...filters
  } = yield* Effect.fromResult(readAssetListRequest(request))
  const list = `assets ${sortBy} ${sortDir}`
  const after = yield* Effect.fromResult(positionAfter(list, sortBy, startAfter, AssetStatus.literals))
  const assets = yield* store.listAssets({ tenantId, sortBy, sortDir, limit: limit + 1, ...filters, ...listed(status), ...after })
  const rows = assets.map((item) => ({ item }))
  return pageOf(list, rows, limit, (asset) => assetPosition(asset, sortBy))
})
