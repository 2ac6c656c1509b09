/** Lists of orders and subscriptions in pages: filtered, sorted, and cut. */
import type { RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type {
  AssetQuery,
  OrderQuery,
  PagePosition,
  Period,
  Row,
  SortDirection,
  SubscriptionOfOrder,
  SubscriptionQuery
} from "../lifecycle/OrderStore.ts"
import { subscriptionOfOrder } from "../lifecycle/subscriptionOfOrder.ts"
import { assetPosition, orderPosition, subscriptionPosition } from "../lifecycle/paging.ts"
import { emailKeyOf } from "../order/lookups.ts"
import type { Order } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"

/** One page of orders. */
export const pageOfOrders = (orders: Iterable<Order>, query: OrderQuery): ReadonlyArray<Row<Order>> => {
  const { emailKey, externalReference, sku, created, updated } = query
  const found = [...orders].filter(
    (order) =>
      isWithin(created, order.createdAt) &&
      isWithin(updated, order.updatedAt) &&
      (sku === undefined || order.lines.some((line) => line.sku === sku)) &&
      matches(
        order,
        [query.status, (each) => each.status],
        [query.customerId, (each) => each.customer.customerId],
        [emailKey, (each) => emailKeyOf(each.customer.email)],
        [externalReference, (each) => each.externalReference],
        ...Object.entries(query.data ?? {}).map(([member, value]) => [value, (each: Order) => each.data?.[member]] as const)
      )
  )
  return page(found, (order) => orderPosition(order, query.sortBy), query)
}

const isWithin = ({ from, to }: Period = {}, moment: Timestamp): boolean =>
  (from === undefined || moment >= from) && (to === undefined || moment < to)

/** One page of the subscriptions of these orders. */
export const pageOfSubscriptions = (
  orders: Iterable<Order>,
  query: SubscriptionQuery
): ReadonlyArray<Row<SubscriptionOfOrder>> => {
  const found = [...orders]
    .flatMap((order) => order.subscriptions.map((subscription) => ({ subscription, order })))
    .filter((each) =>
      matches(
        each,
        [query.orderId, ({ order }) => order.orderId],
        [query.status, ({ subscription }) => subscription.status],
        [query.customerId, ({ order }) => order.customer.customerId],
        [query.serialNumber, ({ subscription }) => subscription.serialNumber],
        [query.sku, ({ order, subscription }) => order.lines[subscription.line]?.sku]
      )
    )
    .filter(({ subscription }) => isWithin(query.ends, subscription.endDate))
  const chosen = page(found, ({ subscription }) => subscriptionPosition(subscription, query.sortBy), query)
  return chosen.map((row) => ("item" in row ? { item: subscriptionOfOrder(row.item.order, row.item.subscription) } : row))
}

/** One page of assets. */
export const pageOfAssets = (assets: ReadonlyArray<RegisteredAsset>, query: AssetQuery): ReadonlyArray<RegisteredAsset> => {
  const found = assets.filter((asset) =>
    matches(
      asset,
      [query.status, (each) => each.status],
      [query.sku, (each) => each.sku],
      [query.customerId, (each) => each.customerId],
      [query.subscriptionId, (each) => each.subscriptionId]
    )
  )
  return page(found, (asset) => assetPosition(asset, query.sortBy), query).flatMap((row) => ("item" in row ? [row.item] : []))
}

const page = <Item>(
  items: ReadonlyArray<Item>,
  positionOf: (item: Item) => PagePosition,
  { after, limit, sortDir }: Pick<OrderQuery, "after" | "limit" | "sortDir">
): ReadonlyArray<Row<Item>> =>
  items
    .filter((item) => after === undefined || comparePositions(positionOf(item), after, sortDir) > 0)
    .toSorted((a, b) => comparePositions(positionOf(a), positionOf(b), sortDir))
    .slice(0, limit)
    .map((item) => ({ item }))

/** By sort value, then by id, both in the same direction: the order of a keyset index. */
const comparePositions = (a: PagePosition, b: PagePosition, direction: SortDirection): number =>
  (compareValues(a.value, b.value) || compare(a.id, b.id)) * (direction === "asc" ? 1 : -1)

const compareValues = (a: PagePosition["value"], b: PagePosition["value"]): number =>
  typeof a === "string" || typeof b === "string" ? compare(String(a), String(b)) : compare(a[0], b[0]) || compare(a[1], b[1])

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** True of `item` for every filter that is given; of a list, any value will do. */
const matches = <Item>(item: Item, ...filters: ReadonlyArray<readonly [value: unknown, of: (item: Item) => unknown]>): boolean =>
  filters.every(([value, of]) => value === undefined || (Array.isArray(value) ? value.includes(of(item)) : of(item) === value))
