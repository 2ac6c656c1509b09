/**
 * What every audit event says, whichever command it records. Source: decisions.md, section 2, "Audit event".
 *
 * What names or describes people, or is free text, is in `confidential`, apart from everything else, so that it can be erased while
 * the chain of hashes (`auditChain.ts`) stays whole.
 */
import * as Schema from "effect/Schema"
import { Actor, OrderId, OrderStatus, OwnData, Sku, TenantId } from "./Order.ts"
import { JsonObject } from "./Text.ts"
import { Timestamp } from "./Timestamp.ts"

/** Units of one line (by position, from 0) that a transition gave back. */
export const Released = Schema.Struct({ line: Schema.Int, sku: Sku, quantity: Schema.Int })
export type Released = typeof Released.Type

/** The id a request came in under, or one made for it. */
export const RequestId = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9._:-]{1,128}$/, { message: "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -" })
).pipe(Schema.brand("RequestId"))
export type RequestId = typeof RequestId.Type

/** The process of an embedding service, as it was when an event came about. */
export const ProcessVersion = Schema.Struct({ name: Schema.String, version: Schema.Int })
export type ProcessVersion = typeof ProcessVersion.Type

/** The page `docs/reference/events.md` is drawn from these schemas and their descriptions. */
const common = {
  tenantId: TenantId.annotate({ description: "The tenant whose order it is" }),
  orderId: OrderId.annotate({ description: "The order that it happened to" }),
  sequence: Schema.Int.annotate({ description: "Its place in the order's history, from 1 on: the order's version after it" }),
  at: Timestamp.annotate({ description: "When it happened; never before the event before it" }),
  actor: Actor.annotate({ description: "Who gave the command" }),
  requestId: RequestId.annotate({ description: "The request that the command came in under" }),
  from: Schema.NullOr(OrderStatus).annotate({ description: "The order's status before; null for the first event" }),
  to: OrderStatus.annotate({ description: "The order's status after it" }),
  released: Schema.Array(Released).annotate({ description: "Units that were given back, by line" }),
  process: Schema.optionalKey(ProcessVersion).annotate({
    description: "The embedding service's own process under which it happened; absent when there was none"
  })
}

/** The schema of an event: its kind, what it says by itself, and what of that names people or is free text. */
export const orderEvent = <
  const Kind extends string,
  Details extends Schema.Struct<Schema.Struct.Fields>,
  Confidential extends Schema.Struct<Schema.Struct.Fields>
>(
  kind: Kind,
  description: string,
  { details, confidential }: { readonly details: Details; readonly confidential: Confidential }
) => Schema.Struct({ type: Schema.tag(kind), ...common, details, confidential }).annotate({ description })

/** The schema of an event that says nothing by itself. */
export const plainEvent = <const Kind extends string>(kind: Kind, description: string) =>
  orderEvent(kind, description, { details: Schema.Struct({}), confidential: Schema.Struct({}) })

/**
 * What the type of an own event is to the compiler: a word that no event of the library has, so that `event.type === "order.cancelled"`
 * tells the two apart. The events of a certain process by their commands: see `isEventOf` of `ordersUnder`.
 */
export declare enum Kind {
  own = "the kind of an event of a process's own"
}
/** The kind of an event of a process's own: two to four words of small letters, digits and underscores, with dots between them. */
export type OwnKind = Kind.own
export const isOwnKind = (kind: unknown): kind is OwnKind =>
  typeof kind === "string" && /^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){1,3}$/.test(kind)
export const OwnKind = /* @__PURE__ */ Schema.declare(isOwnKind, {
  expected: "two to four words of a-z 0-9 _ with dots between them, as order.held"
})

/**
 * An event of a process's own. It says all that it changes, the status and the own data, so that a history can be folded without the process, and
 * nothing has to be guessed. Marked as pure: a page that shows the library alone goes without it.
 */
export const OwnEvent = /* @__PURE__ */ (() =>
  Schema.Struct({
    type: OwnKind,
    ...common,
    process: ProcessVersion,
    details: Schema.Struct({
      /** The payload of the command, but for its personal members, which are in `confidential`. */
      payload: JsonObject,
      /** The order's own data afterwards, all of it; absent where the command does not change them. */
      data: Schema.optionalKey(OwnData)
    }),
    confidential: JsonObject
  }))()
export type OwnEvent = typeof OwnEvent.Type

/** The schema of any event. */
export type OrderEventSchema = ReturnType<
  typeof orderEvent<string, Schema.Struct<Schema.Struct.Fields>, Schema.Struct<Schema.Struct.Fields>>
>
/** Most events have nothing to add, and share it: an empty object for each would add up over a million orders. */
export const nothing = Object.freeze({})
