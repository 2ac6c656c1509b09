/** What callers ask of the services in a simulation, as data: it can be watched, written down, and asked again. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { CancelOutcome } from "../lifecycle/cancelMany.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import type { VersionMismatch } from "../lifecycle/expectedVersion.ts"
import type { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import type { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { Change, OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { RequestId } from "../order/orderEvent.ts"
import type { Transition } from "../order/Transition.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import type { CancelOrder } from "../order/commands/cancel.ts"
import type { Commands, CommandType } from "../order/commands/index.ts"
import type { PlaceOrder } from "../order/commands/place.ts"
import type { Refusal } from "../order/Refusal.ts"
import type { JsonObject } from "../order/Text.ts"
import type { FaultKind } from "./Faults.ts"

/** A command on an order, with all that its caller gives: the order's id stands where the service's method takes it. */
export type CommandCall<Type extends CommandType = CommandType> = {
  readonly [Name in Type]: { readonly type: Name; readonly request: Commands[Name]["request"]["Type"] } & BesideRequest<Name>
}[Type]

type BesideRequest<Type extends CommandType> = Commands[Type]["target"] extends "order" ? { readonly orderId: OrderId } : unknown

/** One call, with all that its caller gives. */
export type Call =
  | CommandCall
  | { readonly type: "place"; readonly request: PlaceOrder }
  | { readonly type: "cancelMany"; readonly orderIds: ReadonlyArray<OrderId>; readonly request: CancelOrder }
  | OwnCall

/** A command of a process's own, by its name. No command of the library can have the name of the method that takes it. */
export interface OwnCall {
  readonly type: "apply"
  readonly orderId: OrderId
  readonly command: string
  readonly payload: typeof JsonObject.Type
}

/** The kind of a call. */
export type CallType = Call["type"]

/** A call on its way: by whom, and which one it is. Repeats and duplicates of a call have its number, too, and an attempt of their own. */
export interface Sent {
  readonly call: Call
  readonly number: number
  readonly attempt: number
  readonly tenantId: TenantId
  readonly userId: string
  /** Absent when the caller gives none. */
  readonly key?: string
  /** The version that the order has to be at; absent when the caller expects none. A call that names no single order has none. */
  readonly expectedVersion?: number
}

/** The request id that an attempt comes in under: the event it leads to has it, and so tells which attempt it was. */
export const requestIdOf = ({ number, attempt }: Pick<Sent, "number" | "attempt">) => `call-${number}-${attempt}` as RequestId

/** The number and the attempt of a request id; null for an id that no simulated call has. */
export const attemptOf = (requestId: string): { readonly number: number; readonly attempt: number } | null => {
  if (!requestId.startsWith("call-")) return null
  const end = requestId.lastIndexOf("-")
  return { number: Number(requestId.slice(5, end)), attempt: Number(requestId.slice(end + 1)) }
}

/** What the running fiber works on; null for what no caller has asked for. */
export const CurrentCall = Context.Reference<Sent | null>("order-lifecycle/simulation/CurrentCall", { defaultValue: () => null })

/** What a caller gets to know. */
export type Answer =
  | { readonly outcome: "accepted"; readonly transition: Transition }
  | { readonly outcome: "many"; readonly outcomes: ReadonlyArray<CancelOutcome> }
  | { readonly outcome: "refused"; readonly refusal: Refusal | IdempotencyKeyReused | VersionMismatch }
  /** Nothing was done. */
  | { readonly outcome: "unavailable" }
  /** It may have been done: no answer came, or one that says so. */
  | { readonly outcome: "unknown" }
  /** The services died over it: never right. */
  | { readonly outcome: "died"; readonly defect: string }

/** Whoever wants to know what happens. Called at the moment it happens, in virtual time (ms since 1970). */
export interface Watcher {
  /** A caller has sent a call; the same number again means a repeat or a duplicate. */
  readonly sent?: (sent: Sent, now: number) => void
  /** A caller got to know something. */
  readonly answered?: (sent: Sent, answer: Answer, sentAt: number, now: number) => void
  /** The store has committed a change, whether or not anyone gets to know. */
  readonly committed?: (change: Change, now: number) => void
  /** The store has turned a change down: somebody else was first. */
  readonly lostRace?: (change: Change, now: number) => void
  /** Something was made to go wrong in a step of the store. `sent`: whose step it was, if it was a caller's. */
  readonly fault?: (kind: FaultKind, step: string, sent: Sent | null, now: number) => void
}

type Outcome = Transition | ReadonlyArray<CancelOutcome>
type Failure = Refusal | IdempotencyKeyReused | VersionMismatch | StoreUnavailable | OutcomeUnknown

/** The call on the real services. */
export const perform = (lifecycle: OrderLifecycle["Service"], sent: Sent): Effect.Effect<Outcome, Failure> => {
  const { call, tenantId, userId, key, expectedVersion } = sent
  const unkeyed: Caller = { tenantId, actor: { userId }, requestId: requestIdOf(sent) }
  const placing = key === undefined ? unkeyed : { ...unkeyed, idempotencyKey: key }
  if (call.type === "place") return lifecycle.place(placing, call.request)
  if (call.type === "cancelMany") return lifecycle.cancelMany(unkeyed, call.orderIds, call.request)
  const caller = expectedVersion === undefined ? placing : { ...placing, expectedVersion }
  if (call.type === "apply") return lifecycle.apply(caller, call.orderId, call.command, call.payload)
  // The method of a name takes what the call of that name has: the record of commands says both.
  const method = lifecycle[call.type] as (...given: ReadonlyArray<unknown>) => Effect.Effect<Transition, Failure>
  return "orderId" in call ? method(caller, call.orderId, call.request) : method(caller, call.request)
}

/** What the caller of a call that has ended gets to know. */
export const answerOf = (exit: Exit.Exit<Outcome, Failure>): Answer => {
  if (exit._tag === "Success") {
    const { value } = exit
    return "event" in value ? { outcome: "accepted", transition: value } : { outcome: "many", outcomes: value }
  }
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: "unknown" }
  const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (failure === undefined) return { outcome: "died", defect: Cause.pretty(exit.cause) }
  if (failure._tag === "StoreUnavailable") return { outcome: "unavailable" }
  if (failure._tag === "OutcomeUnknown") return { outcome: "unknown" }
  return { outcome: "refused", refusal: failure }
}
