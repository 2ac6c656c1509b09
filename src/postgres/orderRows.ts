/**
 * Orders and subscriptions as they come out of the database: what to select, and how to put it together again.
 *
 * Whatever is a tree is selected as the text of its JSON, so that it does not matter what a driver makes of a `json` column.
 */
import { assertLaws } from "../order/invariants.ts"
import { decimalsOnceAssumed } from "../order/Money.ts"
import type { Cancellation, Order, OrderId, OwnData, Subscription, SubscriptionEnd, TenantId } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"

/** The facts of an order, and those of people. Kept apart, so that the latter can be erased. */
type Ordered = Pick<
  Order,
  "orderType" | "currency" | "decimals" | "taxAmount" | "payment" | "extensionDetails" | "upgradeDetails"
> & {
  readonly lines: ReadonlyArray<Omit<Order["lines"][number], "units">>
}
type Personal = Pick<Order, "customer" | "billingAddress" | "shippingAddress" | "customFields">

/** The order as a row for the database: the inverse of `toOrder`. */
export const fromOrder = (order: Order) => {
  const { tenantId, orderId, version, status, lines, subscriptions, createdAt, createdBy, updatedAt, cancellation, ...facts } =
    order
  const { customer, billingAddress, shippingAddress, notes, customFields, data, ...ordered } = facts
  const personal: Personal = { customer, billingAddress, shippingAddress, ...(customFields !== undefined && { customFields }) }
  const withLines: Ordered = { ...ordered, lines: lines.map(({ units: _, ...line }) => line) }
  return {
    tenantId,
    orderId,
    version,
    status,
    ordered: withLines,
    data,
    personal,
    notes,
    createdAt,
    createdBy,
    updatedAt,
    cancellation,
    subscriptions
  }
}

/** The subscription as a row for the database: the inverse of `toSubscription`. What has no column of its own is in `more`. */
export const fromSubscription = ({
  subscriptionId,
  line,
  serialNumber,
  status,
  startDate,
  startOffsetMinutes = 0,
  contractLength,
  endDate,
  billingGroupId,
  notes,
  createdAt,
  createdBy,
  updatedAt,
  ended,
  texts,
  ...more
}: Subscription) => ({
  subscription_id: subscriptionId,
  line,
  serial_number: serialNumber,
  status,
  start_date: startDate,
  start_offset: startOffsetMinutes,
  contract_length: contractLength,
  end_date: endDate,
  billing_group_id: billingGroupId,
  notes,
  created_at: createdAt,
  created_by: createdBy,
  updated_at: updatedAt,
  ended,
  texts,
  more: Object.keys(more).length === 0 ? undefined : more
})

/** A subscription as JSON, from a row `s` of the subscriptions: `toSubscription` reads it. */
export const subscriptionTuple = `json_build_array(s.subscription_id, s.line, s.serial_number, s.status, s.start_date, s.contract_length,
                                    s.billing_group_id, s.notes, s.created_at, s.created_by, s.updated_at, s.ended,
                                    s.start_offset, s.end_date, s.more, s.texts)`

/**
 * Columns that `toOrder` needs, from a row `o` of the orders. One row per order, whatever it has of lines and subscriptions. `tenant` is the
 * parameter of the statement that holds the tenant.
 */
export const orderColumns = (tenant: string) => `
  o.tenant_id, o.order_id, o.version, o.status, o.ordered::text AS ordered, o.data::text AS data, o.personal::text AS personal, o.notes,
  o.created_at, o.created_by, o.updated_at, o.cancellation::text AS cancellation,
  (SELECT json_agg(json_build_array(r.held, r.active, r.ended, r.released) ORDER BY r.line)::text
     FROM order_lifecycle.reservations r WHERE r.tenant_id = ${tenant}::text AND r.order_id = o.order_id) AS units,
  (SELECT json_agg(${subscriptionTuple} ORDER BY s.position)::text
     FROM order_lifecycle.subscriptions s WHERE s.tenant_id = ${tenant}::text AND s.order_id = o.order_id) AS subscriptions`

export interface OrderRow {
  readonly tenant_id: TenantId
  readonly order_id: OrderId
  readonly version: number
  readonly status: Order["status"]
  readonly ordered: string
  readonly data: string | null
  readonly personal: string
  readonly notes: string | null
  readonly created_at: Timestamp
  readonly created_by: string
  readonly updated_at: Timestamp
  readonly cancellation: string | null
  readonly units: string | null
  readonly subscriptions: string | null
}

export type SubscriptionTuple = readonly [
  id: Subscription["subscriptionId"],
  line: number,
  serialNumber: Subscription["serialNumber"],
  status: Subscription["status"],
  startDate: Timestamp,
  contractLength: number,
  billingGroupId: string | null,
  notes: string | null,
  createdAt: Timestamp,
  createdBy: string,
  updatedAt: Timestamp,
  ended: SubscriptionEnd | null,
  startOffsetMinutes: number,
  endDate: Timestamp,
  more: Partial<Subscription> | null,
  texts: Subscription["texts"] | null
]

/** The order that a row stands for. Dies when it breaks a law: then somebody else wrote to the tables, and nothing may rest on it. */
export const toOrder = (row: OrderRow): Order => {
  const order = putTogether(row)
  assertLaws(order)
  return order
}

/** What a row stands for, whatever it is. */
export const putTogether = (row: OrderRow): Order => {
  const { lines, ...ordered } = JSON.parse(row.ordered) as Ordered
  const units = JSON.parse(row.units ?? "[]") as ReadonlyArray<readonly [number, number, number, number]>
  return {
    tenantId: row.tenant_id,
    orderId: row.order_id,
    version: row.version,
    status: row.status,
    ...ordered,
    ...(row.data !== null && { data: JSON.parse(row.data) as OwnData }),
    // Rows of orders that were placed before amounts kept their decimals do not have them.
    decimals: (ordered as Partial<Ordered>).decimals ?? decimalsOnceAssumed(ordered.currency),
    ...(JSON.parse(row.personal) as Personal),
    ...(row.notes !== null && { notes: row.notes }),
    lines: lines.map((line, position) => {
      const [held, active, ended, released] = units[position] ?? [0, 0, 0, 0]
      return { ...line, units: { held, active, ended, released } }
    }),
    subscriptions: (JSON.parse(row.subscriptions ?? "[]") as ReadonlyArray<SubscriptionTuple>).map(toSubscription),
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    ...(row.cancellation !== null && { cancellation: JSON.parse(row.cancellation) as Cancellation })
  }
}

export const toSubscription = (tuple: SubscriptionTuple): Subscription => {
  const [
    subscriptionId,
    line,
    serialNumber,
    status,
    startDate,
    contractLength,
    billingGroupId,
    notes,
    createdAt,
    createdBy,
    updatedAt,
    ended,
    startOffsetMinutes,
    endDate,
    more,
    texts
  ] = tuple
  return {
    subscriptionId,
    line,
    serialNumber,
    status,
    startDate,
    ...(startOffsetMinutes !== 0 && { startOffsetMinutes }),
    contractLength,
    endDate,
    ...(billingGroupId !== null && { billingGroupId }),
    ...(notes !== null && { notes }),
    createdAt,
    createdBy,
    updatedAt,
    ...(ended !== null && { ended }),
    ...(texts && { texts }),
    ...more
  }
}
