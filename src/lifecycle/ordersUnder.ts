/** The lifecycle under a process, with the process's types: its commands, its data. */
import type * as Effect from "effect/Effect"
import type { OwnEvent } from "../order/orderEvent.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import type { CommandRequest } from "../order/commands/index.ts"
import type { PlaceOrder } from "../order/commands/place.ts"
import type { ProcessBuilder } from "../order/process/orderProcess.ts"
import type { Caller, CallerPlacing } from "./Caller.ts"
import { type LifecycleOptions, OrderLifecycle, type PlaceOptions } from "./OrderLifecycle.ts"
import type { OrderListRequest } from "./paging.ts"

/** What follows the name of a command: its payload, which may be left out when nothing in it is required. */
type WithPayload<Payload> = object extends Payload ? [request?: Payload] : [request: Payload]

/** A command as it is put to a preview: one of the library's, or one of the process's with its payload. */
type RequestUnder<Payloads> =
  | CommandRequest
  | { readonly [Name in keyof Payloads & string]: { readonly type: Name } & Payloads[Name] }[keyof Payloads & string]

type Lifecycle = OrderLifecycle["Service"]

/** What a call of the lifecycle gives, once it has the lifecycle. */
type Asked<Name extends "apply" | "preview" | "explain" | "place" | "list"> =
  ReturnType<Lifecycle[Name]> extends Effect.Effect<infer A, infer E> ? Effect.Effect<A, E, OrderLifecycle> : never

/**
 * The layer of the lifecycle under a process, and its calls with the process's types.
 *
 * ```ts
 * import { ordersUnder, orderProcess } from "order-lifecycle"
 *
 * const { layer, orders } = ordersUnder(
 *   orderProcess("our-shop").command("hold", {
 *     description: "Puts a confirmed order aside.",
 *     event: "order.held",
 *     from: { confirmed: "confirmed" },
 *     otherwise: { code: "NOT_HOLDABLE", message: "Only a confirmed order can be put aside.", remedy: "Confirm it first." }
 *   })
 * )
 * // orders.apply(caller, orderId, "hold")
 * ```
 */
export const ordersUnder = <
  Data extends object,
  Statuses extends string,
  Payloads extends object,
  Guards extends string,
  Filters extends string
>(
  process: ProcessBuilder<Data, Statuses, Payloads, Guards, Filters>
) => ({
  layer: (options?: Omit<LifecycleOptions, "process">) => OrderLifecycle.layer({ ...options, process }),
  orders: {
    /** Give one of the process's own commands. */
    apply: <Name extends keyof Payloads & string>(
      caller: Caller,
      orderId: OrderId,
      command: Name,
      ...[request]: WithPayload<Payloads[Name]>
    ): Asked<"apply"> =>
      OrderLifecycle.use((lifecycle) => lifecycle.apply(caller, orderId, command, request as object | undefined)),

    /** What a command would come to, without giving it: see `OrderLifecycle`. */
    preview: (caller: Caller, orderId: OrderId, request: RequestUnder<Payloads>): Asked<"preview"> =>
      OrderLifecycle.use((lifecycle) => lifecycle.preview(caller, orderId, request as CommandRequest)),

    /** Everything in the way of a command. Empty when it would be accepted. */
    explain: (caller: Caller, orderId: OrderId, request: RequestUnder<Payloads>): Asked<"explain"> =>
      OrderLifecycle.use((lifecycle) => lifecycle.explain(caller, orderId, request as CommandRequest)),

    /** Place an order. `data` is what the process keeps with it, or else what that begins with. */
    place: (
      caller: CallerPlacing,
      request: PlaceOrder,
      options?: Omit<PlaceOptions, "data"> & { readonly data?: Data }
    ): Asked<"place"> => OrderLifecycle.use((lifecycle) => lifecycle.place(caller, request, options)),

    /** A page of orders. `data` are values that their own data have, of the members that the process says by `filterBy`. */
    list: (
      tenantId: TenantId,
      request?: Omit<OrderListRequest, "data"> & { readonly data?: Partial<Pick<Data, Filters & keyof Data>> }
    ): Asked<"list"> => OrderLifecycle.use((lifecycle) => lifecycle.list(tenantId, request as OrderListRequest | undefined))
  },
  /** Whether an event records an own command; it has that command's payload then. */
  isEventOf: <Name extends keyof Payloads & string>(
    command: Name,
    event: AuditEvent
  ): event is OwnEvent & { readonly details: { readonly payload: Partial<Payloads[Name]>; readonly data?: Data } } =>
    // The kind of an own event is text at run time, and a word of its own to the compiler: see `Kind`.
    event.type === (process.commands.get(command)?.event as unknown as OwnEvent["type"])
})
