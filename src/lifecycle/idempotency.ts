/**
 * Idempotency: the same key with the same command gives the first answer again.
 *
 * What is kept is the outcome, not the bytes of an answer: which event of which order, or which refusal. The answer is made from that event,
 * so it holds nothing that the trail does not hold, and erasing a text there erases it here. The accepted outcome is written in the same
 * statement as the change itself; a refused one by the first call that is refused. Keys belong to the tenant.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fingerprint } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { Transition } from "../order/Transition.ts"
import type { Digest } from "../order/digest.ts"
import { evolve } from "../order/evolve.ts"
import type { AssetChange } from "../asset/decideAsset.ts"
import type { Order, SerialNumber } from "../order/Order.ts"
import type { InvalidInput } from "../order/commonRefusals.ts"
import { OrderAlreadyCancelled } from "../order/commands/cancel.ts"
import { Refusal } from "../order/Refusal.ts"
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

/** A caller's key, bound to a command. */
export interface BoundKey {
  readonly key: IdempotencyKey
  /**
   * The fingerprint that earlier versions wrote: they counted the actor in, and left the payment of a placement out. Their keys are honoured
   * as long as there are any, 24 hours after the upgrade.
   */
  readonly formerFingerprint: () => string
}

/**
 * The caller's key, bound to the tenant and to the command: its type, its target and its content, but not to who gives it. Undefined without
 * a key. `former` is the command as earlier versions counted it, where that is something else.
 */
export const bindKey = (
  { idempotencyKey: key, tenantId, actor }: Caller,
  millis: number,
  command: unknown,
  digest: Digest,
  former = command
): BoundKey | undefined => {
  if (key === undefined) return undefined
  const rememberedAt = fromMillis(millis)
  const expiresAt = fromMillis(millis + Duration.toMillis(keyLifetime))
  return {
    key: { tenantId, key, fingerprint: fingerprint([tenantId, command], digest), rememberedAt, expiresAt },
    formerFingerprint: () => fingerprint([former, actor.userId], digest)
  }
}

/** What a load has to look up for a key. */
export const lookupOf = (bound: BoundKey | undefined, millis: number) =>
  bound === undefined ? {} : { idempotency: { key: bound.key.key, now: fromMillis(millis) } }

/**
 * Give the remembered answer again, marked as `replayed`: the refusal, or the event of the first answer. One event is read, however many the
 * order has. `order` is the order as it was loaded together with what is remembered; null for a placement, which is its own first event.
 */
export const replay = Effect.fnUntraced(function* (
  store: Store,
  { key, formerFingerprint }: BoundKey,
  { fingerprint: remembered, outcome }: Remembered,
  order: Order | null
): Effect.fn.Return<Transition, Refusal | IdempotencyKeyReused | StoreUnavailable> {
  if (remembered !== key.fingerprint && remembered !== formerFingerprint()) return yield* new IdempotencyKeyReused()
  if (outcome.outcome === "refused") return yield* marked(withText(outcome.refusal, order))
  // The key is bound to a command on an order.
  if (outcome.outcome === "assetChanged") return yield* Effect.die(new Error("a key of an order has the answer of an asset"))
  const { orderId, sequence } = outcome
  const sealed = yield* store.event({ tenantId: key.tenantId, orderId, sequence })
  const after = sealed && orderAfter(sealed.event, order)
  if (!sealed || !after) return yield* Effect.die(new Error(`order ${orderId} has lost its history`))
  return { before: null, event: sealed.event, after, replayed: true }
})

const orderAfter = (event: AuditEvent, order: Order | null): Order | null =>
  event.type === "order.placed" ? evolve(null, event) : order

/** The same for a change of an asset by hand, from its record. `serialNumber` is the asset that the key is bound to. */
export const replayAssetChange = Effect.fnUntraced(function* (
  store: Store,
  { key }: BoundKey,
  { fingerprint: remembered, outcome }: Remembered,
  serialNumber: SerialNumber
): Effect.fn.Return<AssetChange, Refusal | IdempotencyKeyReused | StoreUnavailable> {
  if (remembered !== key.fingerprint) return yield* new IdempotencyKeyReused()
  if (outcome.outcome === "refused") return yield* marked(outcome.refusal)
  const after = outcome.outcome === "assetChanged" ? outcome.version - 1 : 0
  const [record] = yield* store.assetRecords(key.tenantId, serialNumber, after, 1)
  if (!record) return yield* Effect.die(new Error(`asset ${serialNumber} has lost its records`))
  return { before: null, after: record.asset, record, replayed: true }
})

/**
 * Refuse a command. Under a key the refusal is remembered. If another answer was remembered first, `again` is run, which finds it. Invalid
 * input is never remembered: a corrected request may use the same key.
 */
export const refuse = <R extends Refusal, A, E>(
  store: Store,
  refusal: R,
  bound: BoundKey | undefined,
  now: Timestamp,
  again: Effect.Effect<A, E>
): Effect.Effect<A, R | E | StoreUnavailable | OutcomeUnknown> => {
  if (bound === undefined || isInvalidInput(refusal)) return Effect.fail(refusal)
  const kept = withoutText(refusal)
  return Effect.flatMap(
    store.rememberRefusal(bound.key, kept, now),
    ({ fingerprint: remembered, outcome }): Effect.Effect<A, R | E> =>
      remembered === bound.key.fingerprint && outcome.outcome === "refused" && isSame(outcome.refusal, kept)
        ? Effect.fail(refusal)
        : again
  )
}

const encode = Schema.encodeSync(Refusal)
const decode = Schema.decodeSync(Refusal)

const isSame = (a: Refusal, b: Refusal): boolean => JSON.stringify(encode(a)) === JSON.stringify(encode(b))

const marked = (refusal: Refusal): Refusal => decode({ ...encode(refusal), replayed: true })

/** The only text that a refusal repeats is the reason of an earlier cancel. It is not kept under the key, */
const withoutText = (refusal: Refusal): Refusal => {
  if (!isAlreadyCancelled(refusal)) return refusal
  const { orderId, cancelledAt } = refusal
  return new OrderAlreadyCancelled({ orderId, cancelledAt })
}

/** but taken from the order, if it is still there. */
const withText = (refusal: Refusal, order: Order | null): Refusal => {
  if (!isAlreadyCancelled(refusal)) return refusal
  const { orderId, cancelledAt } = refusal
  const reason = order?.cancellation?.reason
  return new OrderAlreadyCancelled({ orderId, cancelledAt, ...(reason !== undefined && { reason }) })
}

const isAlreadyCancelled = (refusal: Refusal): refusal is OrderAlreadyCancelled => refusal._tag === "OrderAlreadyCancelled"

const isInvalidInput = (refusal: Refusal): refusal is InvalidInput => refusal._tag === "InvalidInput"
