/** The operations, one by one: check what is plain, call the service, give its answer. Nothing is decided here. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import commands, { commandTypes } from "../order/commands/index.ts"
import type { Transition } from "../order/Transition.ts"
import { AssetRegistry } from "../lifecycle/AssetRegistry.ts"
import { AuditTrail } from "../lifecycle/AuditTrail.ts"
import { forgetExpiredKeys } from "../lifecycle/forgetExpiredKeys.ts"
import { OrderLifecycle, type OrderOperations } from "../lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { Due } from "../lifecycle/Due.ts"
import { Limit } from "../lifecycle/leasing.ts"
import { Outbox } from "../lifecycle/Outbox.ts"
import { Reservations } from "../lifecycle/Reservations.ts"
import { OrderId, Sku, TenantId } from "../order/Order.ts"
import type { UnknownMembers } from "../order/quickReader.ts"
import { reader } from "../order/readInput.ts"
import type { Calls } from "./calls.ts"
import type {
  CallOptions,
  CancelOutcome,
  CommandMethods,
  Orders,
  OrdersWithin,
  OrdersAssets,
  OrdersAuditTrail,
  OrdersDue,
  OrdersOutbox,
  OrdersReservations
} from "./Orders.ts"
import type { OpenTransaction } from "../lifecycle/OpenTransaction.ts"
import { wrongOption } from "./errors.ts"
import { withoutUndefined } from "./plain.ts"

/** The services behind the operations. */
export type Services = OrderLifecycle | AssetRegistry | AuditTrail | Outbox | Due | Reservations | OrderStore

export const makeOrders = (context: Context.Context<Services>, { run, iterate, close }: Calls<Services>): Orders => {
  const lifecycle = Context.get(context, OrderLifecycle)
  return {
    ...lifecycleMethods(lifecycle, run),
    within: async (transaction, work, options) => {
      const joined = await run(
        lifecycle.within(readTransaction(transaction), (orders) =>
          Effect.promise(async () => work(lifecycleMethods(orders, run)))
        ),
        options
      )
      return { outcome: joined.outcome, committed: () => run(joined.committed) }
    },
    assets: assetsOf(Context.get(context, AssetRegistry), { run, iterate }),
    auditTrail: auditTrailOf(Context.get(context, AuditTrail), { run, iterate }),
    outbox: outboxOf(Context.get(context, Outbox), { run }),
    due: dueOf(Context.get(context, Due), { run }),
    reservations: reservationsOf(Context.get(context, Reservations), { run }),
    forgetExpiredKeys: (options) => run(forgetExpiredKeys(Context.get(context, OrderStore)), options),
    close,
    [Symbol.asyncDispose]: () => close()
  }
}

/** What is asked of the lifecycle itself: of all orders, or within a transaction. */
const lifecycleMethods = (lifecycle: OrderOperations, run: Calls<Services>["run"]): OrdersWithin => {
  return {
    ...commandMethods(lifecycle, run),
    place: async (caller, request, options) => {
      const { signal, ...others } = options ?? {}
      return run(lifecycle.place(unread(caller), unread(request), unread(others)), { signal })
    },
    cancelMany: async (caller, orderIds, request, options) => {
      const outcomes = await run(lifecycle.cancelMany(unread(caller), unread(orderIds), unread(request)), options)
      return outcomes.map(({ orderId, outcome }): CancelOutcome =>
        Result.isSuccess(outcome) ? { orderId, ok: true, value: outcome.success } : { orderId, ok: false, error: outcome.failure }
      )
    },
    preview: (caller, orderId, request, options) =>
      run(lifecycle.preview(unread(caller), unread(orderId), unread(request)), options),
    apply: (caller, orderId, command, request, options) =>
      run(lifecycle.apply(unread(caller), unread(orderId), unread(command), unread(request)), options),
    explain: (caller, orderId, request, options) =>
      run(lifecycle.explain(unread(caller), unread(orderId), unread(request)), options),
    commands: (caller, orderId, options) => run(lifecycle.commands(unread(caller), unread(orderId)), options),
    get: (tenantId, orderId, options) => run(lifecycle.get(unread(tenantId), unread(orderId)), options),
    list: (tenantId, request, options) => run(lifecycle.list(unread(tenantId), unread(request)), options),
    getSubscription: (tenantId, subscriptionId, options) =>
      run(lifecycle.getSubscription(unread(tenantId), unread(subscriptionId)), options),
    calculateEarlyReturnFee: (tenantId, subscriptionId, options) =>
      run(lifecycle.calculateEarlyReturnFee(unread(tenantId), unread(subscriptionId)), options),
    calculateBuyout: (tenantId, subscriptionId, options) =>
      run(lifecycle.calculateBuyout(unread(tenantId), unread(subscriptionId)), options),
    listSubscriptions: (tenantId, request, options) =>
      run(lifecycle.listSubscriptions(unread(tenantId), unread(request)), options),
    rewriteNotes: async (tenantId, orderId, request, { signal, ...options } = {}) =>
      run(lifecycle.rewriteNotes(unread(tenantId), unread(orderId), unread(request), unread(options)), { signal }),
    rewriteSubscriptionNotes: async (tenantId, subscriptionId, request, { signal, ...options } = {}) =>
      run(lifecycle.rewriteSubscriptionNotes(unread(tenantId), unread(subscriptionId), unread(request), unread(options)), {
        signal
      })
  }
}

/**
 * Each command takes what the service takes, and options behind it. That is what `CommandMethod` says of each name, which a record made in a
 * loop does not show.
 */
const commandMethods = (lifecycle: OrderOperations, run: Calls<Services>["run"]): CommandMethods =>
  Object.fromEntries(
    commandTypes.map((type) => {
      const { target, request } = commands[type]
      const takes = target !== "order" ? 2 : Object.keys(request.fields).length === 0 ? 2 : 3
      const apply = lifecycle[type] as (...given: ReadonlyArray<never>) => Effect.Effect<Transition, unknown>
      return [
        type,
        (...given: ReadonlyArray<unknown>) =>
          run(apply(...given.slice(0, takes).map(unread)), given[takes] as CallOptions | undefined)
      ]
    })
  ) as unknown as CommandMethods

const auditTrailOf = (
  auditTrail: AuditTrail["Service"],
  { run, iterate }: Pick<Calls<Services>, "run" | "iterate">
): OrdersAuditTrail => ({
  history: async (tenantId, orderId, options) => run(auditTrail.history(readTenantId(tenantId), readOrderId(orderId)), options),
  all: (tenantId, options) => iterate(auditTrail.all(readTenantId(tenantId)), options),
  live: (options) => iterate(auditTrail.live, options, "listening"),
  verify: async (tenantId, orderId, head, options) =>
    run(auditTrail.verify(readTenantId(tenantId), readOrderId(orderId), head && readHead(head)), options),
  verifyAll: (tenantId, options) => iterate(auditTrail.verifyAll(readTenantId(tenantId)), options),
  erase: async (tenantId, orderId, sequence, options) =>
    run(auditTrail.erase(readTenantId(tenantId), readOrderId(orderId), readSequence(sequence)), options),
  deliver: async (consume, { signal, ...options } = {}) =>
    run(
      auditTrail.deliver((events) => Effect.promise(async (signal) => consume(events, signal)), readDelivery(options)),
      { signal }
    )
})

const outboxOf = (outbox: Outbox["Service"], { run }: Pick<Calls<Services>, "run">): OrdersOutbox => ({
  add: async (consumer, { signal, ...options } = {}) => run(outbox.add(unread(consumer), unread(options)), { signal }),
  remove: async (consumer, { signal, ...options } = {}) => run(outbox.remove(unread(consumer), unread(options)), { signal }),
  consumers: async ({ signal, ...options } = {}) => run(outbox.consumers(unread(options)), { signal }),
  deliver: async (consumer, handle, { signal, ...options } = {}) =>
    run(
      outbox.deliver(
        unread(consumer),
        (delivery) => Effect.promise(async (signal) => handle(delivery, signal)),
        readDelivery(options)
      ),
      { signal }
    ),
  deliverBatch: async (consumer, handle, { signal, ...options } = {}) =>
    run(
      outbox.deliverBatch(
        unread(consumer),
        (deliveries) => Effect.promise(async (signal) => handle(deliveries, signal)),
        readDelivery(options)
      ),
      { signal }
    ),
  parked: async (consumer, tenantId, { signal, ...options } = {}) =>
    run(outbox.parked(unread(consumer), unread(tenantId), unread(options)), { signal }),
  release: async (consumer, event, options) => run(outbox.release(unread(consumer), unread(event)), options),
  skip: async (consumer, event, options) => run(outbox.skip(unread(consumer), unread(event)), options),
  feed: async (tenantId, { signal, ...options } = {}) => run(outbox.feed(unread(tenantId), unread(options)), { signal })
})

const dueOf = (due: Due["Service"], { run }: Pick<Calls<Services>, "run">): OrdersDue => ({
  run: async ({ signal, ...options } = {}) => run(due.run(readDue(options)), { signal }),
  waiting: async (tenantId, orderId, options) => run(due.waiting(unread(tenantId), unread(orderId)), options),
  parked: async (tenantId, { signal, ...options } = {}) => run(due.parked(unread(tenantId), unread(options)), { signal }),
  release: async (command, options) => run(due.release(unread(command)), options),
  skip: async (command, options) => run(due.skip(unread(command)), options)
})

const assetsOf = (
  registry: AssetRegistry["Service"],
  { run, iterate }: Pick<Calls<Services>, "run" | "iterate">
): OrdersAssets => ({
  register: async (caller, request, options) => run(registry.register(unread(caller), unread(request)), options),
  change: async (caller, serialNumber, request, options) =>
    run(registry.change(unread(caller), unread(serialNumber), unread(request)), options),
  withdraw: async (caller, serialNumber, request, options) =>
    run(registry.withdraw(unread(caller), unread(serialNumber), unread(request)), options),
  get: async (tenantId, serialNumber, options) => run(registry.get(unread(tenantId), unread(serialNumber)), options),
  list: async (tenantId, request, options) => run(registry.list(unread(tenantId), unread(request)), options),
  history: async (tenantId, serialNumber, options) => run(registry.history(unread(tenantId), unread(serialNumber)), options),
  disagreements: (options) => iterate(registry.disagreements, options)
})

const reservationsOf = (reservations: Reservations["Service"], { run }: Pick<Calls<Services>, "run">): OrdersReservations => ({
  changesOf: reservations.changesOf,
  heldFor: async (tenantId, orderId, options) => run(reservations.heldFor(readTenantId(tenantId), readOrderId(orderId)), options),
  stock: async (tenantId, sku, options) => run(reservations.stock(readTenantId(tenantId), readSku(sku)), options)
})

// --- reading input -------------------------------------------------------------------------------------------------------------------

/**
 * Input that the service reads by itself, and refuses where it does not fit. Whatever it turns out to be, the service takes it: that is why
 * it may pass for anything here.
 */
const unread = (input: unknown) => withoutUndefined(input) as never

/** Input that the service takes for sound. Throws the `InvalidInput`. */
const read = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  path?: string,
  unknownMembers: UnknownMembers = "refused"
) => {
  const readResult = reader(schema, path, unknownMembers)
  return (input: unknown): S["Type"] => Result.getOrThrow(readResult(input))
}
/** Stores count sequences in 32 bits. */
const Sequence = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 }))

/** Only that it can be asked is checked: what it answers is the driver's. */
const readTransaction = (transaction: OpenTransaction): OpenTransaction => {
  const given: unknown = transaction
  const isOne = typeof given === "object" && given !== null && "query" in given && typeof given.query === "function"
  if (!isOne) throw wrongOption("query", "must be a function (text, values) that runs a statement in your transaction")
  return transaction
}

const readTenantId = read(TenantId, "tenantId")
const readOrderId = read(OrderId, "orderId")
const readSku = read(Sku, "sku")
const readSequence = read(Sequence, "sequence")
const readHead = read(Schema.Struct({ sequence: Sequence, hash: Schema.String }), "head")
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 24 * 3_600_000 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))
const LeaseMs = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 24 * 3_600_000 }))
const readDeliverOptions = read(
  Schema.Struct({
    tenantId: Schema.optionalKey(TenantId),
    limit: Schema.optionalKey(Limit),
    leaseMs: Schema.optionalKey(LeaseMs),
    concurrency: Schema.optionalKey(Limit),
    retry: Schema.optionalKey(
      Schema.Struct({
        firstMs: Schema.optionalKey(Millis),
        longestMs: Schema.optionalKey(Millis),
        attempts: Schema.optionalKey(Count)
      })
    )
  })
)

const readDueOptions = read(
  Schema.Struct({
    tenantId: Schema.optionalKey(TenantId),
    limit: Schema.optionalKey(Limit),
    leaseMs: Schema.optionalKey(LeaseMs),
    concurrency: Schema.optionalKey(Limit),
    retry: Schema.optionalKey(Schema.Struct({ afterMs: Schema.optionalKey(Millis), attempts: Schema.optionalKey(Count) }))
  })
)

/** As `readDelivery`. */
const readDue = (options: unknown) => {
  const { leaseMs, retry, ...rest } = readDueOptions(withoutUndefined(options))
  const { afterMs, ...attempts } = retry ?? {}
  return {
    ...rest,
    ...(leaseMs !== undefined && { lease: leaseMs }),
    retry: { ...attempts, ...(afterMs !== undefined && { after: afterMs }) }
  }
}

/** Durations, which are numbers of milliseconds here, under the names that the service has for them. */
const readDelivery = (options: unknown) => {
  const { leaseMs, retry, ...rest } = readDeliverOptions(withoutUndefined(options))
  const { firstMs, longestMs, ...attempts } = retry ?? {}
  return {
    ...rest,
    ...(leaseMs !== undefined && { lease: leaseMs }),
    retry: {
      ...attempts,
      ...(firstMs !== undefined && { first: firstMs }),
      ...(longestMs !== undefined && { longest: longestMs })
    }
  }
}
