/** A row of everything that is kept of one order, as the record it stands for; and what the row says twice, compared. */
import type { OrderRecord } from "../lifecycle/OrderRecords.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { Lookup } from "../order/lookups.ts"
import { type Order, type OrderId, type TenantId, totalsOf } from "../order/Order.ts"
import { type OrderRow, putTogether } from "./orderRows.ts"

/** The order's own columns are null where there is no order. */
export type RecordRow = {
  readonly record_id: OrderId
  readonly head_hash: string | null
  readonly customer_id: string | null
  readonly total_minor: string | null
  readonly customer_is_known: boolean
  readonly reservations: string | null
  readonly subscription_copies: string | null
  readonly events: string | null
  readonly stray_confidential: string | null
  readonly positions: string | null
  readonly unplaced: string | null
  readonly consumers: string | null
  readonly due: string | null
  readonly data_values: string | null
  readonly lookups: string | null
} & (OrderRow | { readonly order_id: null })

type EventTuple = readonly [
  sequence: number,
  event: unknown,
  confidentialSeal: string,
  previousHash: string | null,
  hash: string,
  salt: string | null,
  confidential: unknown
]

type ConsumerTuple = readonly [consumer: string, upTo: number, isBehind: boolean, first: number | null, last: number | null]

export const toRecord = (tenantId: TenantId, row: RecordRow): OrderRecord => {
  const reservations = list(row.reservations) as ReadonlyArray<readonly [line: number, sku: string, quantity: number]>
  const events = list(row.events) as ReadonlyArray<EventTuple>
  return {
    tenantId,
    orderId: row.record_id,
    order: row.order_id === null ? null : orderOf(row),
    headHash: row.head_hash,
    reservations: reservations.map(([line, sku, quantity]) => ({ line, sku, quantity })),
    events: events.map(toSealedEvent),
    positions: (list(row.positions) as ReadonlyArray<readonly [number, number]>).map(([sequence, position]) => ({
      sequence,
      position
    })),
    unplaced: list(row.unplaced) as ReadonlyArray<number>,
    consumers: (list(row.consumers) as ReadonlyArray<ConsumerTuple>).map(([consumer, upTo, isBehind, first, last]) => ({
      consumer,
      upTo,
      isBehind,
      undone: first === null || last === null ? null : { first, last }
    })),
    due: list(row.due) as OrderRecord["due"],
    filterable: dataValues(row).map(([member, json]) => ({ member, json })),
    lookups: lookupsIn(row).map(([kind, value]) => ({ kind, value })),
    disagreements: [...copiesThatDiffer(row), ...eventsOutOfPlace(row, events)]
  }
}

type DataTuple = readonly [member: string, json: string, createdAt: string]

const dataValues = (row: RecordRow) => list(row.data_values) as ReadonlyArray<DataTuple>

type LookupTuple = readonly [kind: Lookup["kind"], value: string, createdAt: string]

const lookupsIn = (row: RecordRow) => list(row.lookups) as ReadonlyArray<LookupTuple>

const list = (json: string | null): unknown => JSON.parse(json ?? "[]")

/** The order, or, where its JSON has no such form, the row itself: whoever reads it will say what is wrong with it. */
const orderOf = (row: OrderRow): unknown => {
  try {
    return putTogether(row)
  } catch {
    return { tenantId: row.tenant_id, orderId: row.order_id, version: row.version, status: row.status }
  }
}

const toSealedEvent = ([, event, confidentialSeal, previousHash, hash, salt, confidential]: EventTuple): SealedEvent => ({
  event: { ...(event as AuditEvent), confidential: confidential ?? {} } as AuditEvent,
  salt,
  confidentialSeal,
  previousHash,
  hash
})

/** Columns that repeat what stands elsewhere, for sorting and looking up. */
const copiesThatDiffer = (row: RecordRow): ReadonlyArray<string> => {
  if (row.order_id === null) return []
  const order = orderOf(row) as Partial<Order>
  const subscriptions = list(row.subscription_copies) as ReadonlyArray<
    readonly [position: number, customerId: string, line: number, sku: string | null]
  >
  const skuOfLine = new Map(
    (list(row.reservations) as ReadonlyArray<readonly [line: number, sku: string]>).map(([line, sku]) => [line, sku])
  )
  const totalMinor =
    Array.isArray(order.lines) && typeof order.taxAmount === "number" ? totalsOf(order as Order).total : undefined
  return [
    ...(row.customer_is_known ? [] : ["the customer of the order is not among the tenant's customers"]),
    ...(order.customer === undefined || row.customer_id === order.customer.customerId
      ? []
      : ["the column customer_id is not the order's customer"]),
    ...(totalMinor === undefined || row.total_minor === String(totalMinor)
      ? []
      : ["the column total_minor is not the order's total"]),
    ...(subscriptions.every(([position], index) => position === index)
      ? []
      : [`the subscriptions stand at the positions ${subscriptions.map(([position]) => position).join(", ")}`]),
    ...(subscriptions.every(([, customerId]) => customerId === row.customer_id)
      ? []
      : ["a subscription has another customer than the order"]),
    ...(subscriptions.every(([, , line, sku]) => sku === skuOfLine.get(line))
      ? []
      : ["a subscription is found by another SKU than that of its line"]),
    ...(dataValues(row).every(([, , createdAt]) => createdAt === row.created_at)
      ? []
      : ["the column created_at of order_data is not the order's"]),
    ...(lookupsIn(row).every(([, , createdAt]) => createdAt === row.created_at)
      ? []
      : ["the column created_at of order_lookups is not the order's"])
  ]
}

/** An event's row says its sequence a second time, and its confidential part stands in a row of its own. */
const eventsOutOfPlace = (row: RecordRow, events: ReadonlyArray<EventTuple>): ReadonlyArray<string> => [
  ...events.flatMap(([row, event]) => {
    const sequence = (event as Partial<AuditEvent> | null)?.sequence
    return sequence === row ? [] : [`event ${sequence ?? "without a number"} stands in the row of event ${row}`]
  }),
  ...(list(row.stray_confidential) as ReadonlyArray<number>).map(
    (sequence) => `there is a confidential part of event ${sequence}, which does not exist`
  )
]
