/**
 * Idempotency: the same key with the same command gives the first answer again.
 *
 * What is kept is the outcome, not the bytes of an answer: which event of which order, or which refusal. The answer is rebuilt from the
 * audit trail, so it holds nothing that the trail does not hold, and erasing a text there erases it here. The accepted outcome is written
 * in the same statement as the change itself; a refused one by whoever comes first. Keys belong to the tenant.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fingerprint } from "../order/auditChain.ts"
import type { Transition } from "../order/decide.ts"
import type { Digest } from "../order/digest.ts"
import { fold } from "../order/evolve.ts"
import { type InvalidInput, OrderAlreadyCancelled, type Refusal } from "../order/Refusal.ts"
import { fromMillis, type Timestamp } from "../order/Timestamp.ts"
import type { Caller } from "./Caller.ts"
import type { IdempotencyKey, OrderStore, OutcomeUnknown, Remembered, StoreUnavailable } from "./OrderStore.ts"

/** How long a key is kept. Source: decisions.md, section 3. */
export const keyLifetime = Duration.hours(24)

export class IdempotencyKeyReused extends Schema.TaggedError<IdempotencyKeyReused>()("IdempotencyKeyReused", {}) {
  static readonly when = "The idempotency key was used before with another request."
  readonly code = "IDEMPOTENCY_KEY_REUSED"
  readonly remedy = "Use a new key for a new request."
  override get message() {
    return "This idempotency key was used before with another request."
  }
}

type Store = OrderStore["Service"]

/** The caller's key, bound to this command: its type, its target, its content and who gives it. Undefined without a key. */
export const idempotencyKeyOf = (
  caller: Caller,
  millis: number,
  command: unknown,
  digest: Digest
): IdempotencyKey | undefined => {
  const { idempotencyKey: key, tenantId, actor } = caller
  if (key === undefined) return undefined
  const expiresAt = fromMillis(millis + Duration.toMillis(keyLifetime))
  return { tenantId, key, fingerprint: fingerprint([command, actor.userId], digest), expiresAt }
}

/** What a load has to look up for a key. */
export const lookupOf = (key: IdempotencyKey | undefined, millis: number) =>
  key === undefined ? {} : { idempotency: { key: key.key, now: fromMillis(millis) } }

/** Give the remembered answer again: the refusal, or the transition as the audit trail has it. */
export const replay = Effect.fnUntraced(function* (
  store: Store,
  key: IdempotencyKey,
  remembered: Remembered
): Effect.fn.Return<Transition, Refusal | IdempotencyKeyReused | StoreUnavailable> {
  if (remembered.fingerprint !== key.fingerprint) return yield* new IdempotencyKeyReused()
  const { outcome } = remembered
  if (outcome.outcome === "refused") return yield* yield* withText(store, key, outcome.refusal)
  const history = yield* store.history(key.tenantId, outcome.orderId, outcome.sequence)
  const events = history.map((sealed) => sealed.event)
  const [event, after] = [events.at(-1), fold(events)]
  if (event === undefined || after === null) return yield* Effect.die(new Error(`order ${outcome.orderId} has lost its history`))
  return { before: fold(events.slice(0, -1)), event, after }
})

/**
 * Refuse a command. Under a key the refusal is remembered, and if someone else's answer was remembered first, that one is given.
 * Invalid input is never remembered: a corrected request may use the same key.
 */
export const refuse = <R extends Refusal>(
  store: Store,
  refusal: R,
  key: IdempotencyKey | undefined,
  now: Timestamp
): Effect.Effect<Transition, R | Refusal | IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown> =>
  key === undefined || isInvalidInput(refusal)
    ? Effect.fail(refusal)
    : Effect.flatMap(store.rememberRefusal(key, withoutText(refusal), now), (remembered) => replay(store, key, remembered))

/** The only text that a refusal repeats is the reason of an earlier cancel. It is not kept under the key, */
const withoutText = (refusal: Refusal): Refusal => {
  if (!isAlreadyCancelled(refusal)) return refusal
  const { orderId, cancelledAt } = refusal
  return new OrderAlreadyCancelled({ orderId, cancelledAt })
}

/** but looked up where it stands, if it still does. */
const withText = (store: Store, { tenantId }: IdempotencyKey, refusal: Refusal): Effect.Effect<Refusal, StoreUnavailable> => {
  if (!isAlreadyCancelled(refusal)) return Effect.succeed(refusal)
  const { orderId, cancelledAt } = refusal
  return Effect.map(store.load([{ tenantId, order: { orderId } }]), ([loaded]) => {
    const reason = loaded?.order?.cancellation?.reason
    return new OrderAlreadyCancelled({ orderId, cancelledAt, ...(reason !== undefined && { reason }) })
  })
}

const isAlreadyCancelled = (refusal: Refusal): refusal is OrderAlreadyCancelled => refusal._tag === "OrderAlreadyCancelled"

const isInvalidInput = (refusal: Refusal): refusal is InvalidInput => refusal._tag === "InvalidInput"
