/** An erased text is gone from every table, every answer and every remembered refusal; the chain verifies, and the order is sound. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderId, type SubscriptionId } from "../../src/order/Order.ts"
import { verify } from "../../src/verify/verify.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, newCaller, newSerial, shopOver } from "../support/world.ts"

/** An order whose third, fourth and fifth event say something in confidence, with every answer remembered under a key. */
const confidentialOrder = Effect.gen(function* () {
  const lifecycle = yield* OrderLifecycle
  const caller = newCaller()
  const under = (idempotencyKey: string) => ({ ...caller, idempotencyKey })
  const { orderId, customer } = yield* confirmedOrder(caller)
  const started = yield* lifecycle.startSubscription(under("start"), {
    orderId,
    assetSerialNumber: newSerial(),
    customerId: customer.customerId,
    sku: laptop,
    notes: "secret start"
  })
  const rentalId = started.after.subscriptions[0]?.subscriptionId as SubscriptionId
  const giveBack = { rentalId, reason: "other" as const, notes: "secret end" }
  yield* lifecycle.cancelSubscription(under("end"), giveBack)
  yield* lifecycle.cancel(under("cancel"), orderId, { reason: "secret reason" })
  const again = Effect.flip(lifecycle.cancel(under("again"), orderId, { reason: "any" }))
  const repeats = Effect.all([
    lifecycle.cancel(under("cancel"), orderId, { reason: "secret reason" }),
    again,
    lifecycle.cancelSubscription(under("end"), giveBack),
    lifecycle.get(caller.tenantId, orderId),
    lifecycle.getSubscription(caller.tenantId, rentalId),
    lifecycle.list(caller.tenantId),
    lifecycle.listSubscriptions(caller.tenantId)
  ])
  return { ...caller, orderId, again, repeats }
})

const secrets = (value: unknown) => [...JSON.stringify(value).matchAll(/secret \w+/g)].map(([found]) => found)

describe("erasing, on PostgreSQL", () => {
  const run = sharedLayer(shopOver(postgresStore))

  /** Every row of every table, as text. */
  const dump = Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const tables = yield* sql<{ name: string }>`
      SELECT relname AS name FROM pg_class WHERE relnamespace = 'order_lifecycle'::regnamespace AND relkind = 'r'`
    expect(tables.length).toBeGreaterThan(7)
    return yield* Effect.forEach(tables, ({ name }) =>
      Effect.map(sql.unsafe<{ row: string }>(`SELECT t::text AS row FROM order_lifecycle.${name} t`), (rows) => ({
        name,
        text: rows.map(({ row }) => row).join("\n")
      }))
    )
  })

  it("leaves nothing of a text in any table or answer, and all else as it was", () =>
    run(
      Effect.gen(function* () {
        const auditTrail = yield* AuditTrail
        const { tenantId, orderId, again, repeats } = yield* confidentialOrder
        const refusal = yield* again
        expect(refusal).toMatchObject({ _tag: "OrderAlreadyCancelled", reason: "secret reason" })
        expect(secrets(yield* repeats).length).toBeGreaterThan(5)

        const before = yield* dump
        expect(
          before
            .filter(({ text }) => text.includes("secret"))
            .map(({ name }) => name)
            .toSorted()
        ).toEqual(["audit_confidential", "orders", "subscriptions"])
        const kept = yield* auditTrail.history(tenantId, orderId)
        for (const sequence of [3, 4, 5]) yield* auditTrail.erase(tenantId, orderId, sequence)

        expect((yield* dump).filter(({ text }) => text.includes("secret"))).toEqual([])
        const answers = yield* repeats
        expect(secrets(answers)).toEqual([])
        expect(answers[0]).toMatchObject({ event: { type: "order.cancelled" }, after: { status: "cancelled" } })
        expect(answers[1]).toMatchObject({ _tag: "OrderAlreadyCancelled", orderId })

        const left = yield* auditTrail.history(tenantId, orderId)
        expect(left.map(({ hash }) => hash)).toEqual(kept.map(({ hash }) => hash))
        expect(yield* auditTrail.verify(tenantId, orderId)).toBeNull()
        expect(yield* Stream.runCollect(verify({ tenantId }))).toEqual([])
      })
    ))

  it("is noticed where it was done by half", () =>
    run(
      Effect.gen(function* () {
        const sql = (yield* SqlClient.SqlClient).withoutTransforms()
        const { tenantId, orderId } = yield* confidentialOrder
        yield* sql`DELETE FROM order_lifecycle.audit_confidential WHERE tenant_id = ${tenantId} AND sequence >= 3`
        expect(yield* Stream.runCollect(verify({ tenantId }))).toMatchObject([
          {
            id: "A2",
            orderId,
            message:
              "the stored order is not what its events make of it: " +
              // The notes of the subscription may have been rewritten.
              "subscriptions[0].ended.notes is there and should not be; cancellation.reason is there and should not be"
          }
        ])
      })
    ))

  it("refuses what is not there and what placed the order, and changes nothing", () =>
    run(
      Effect.gen(function* () {
        const auditTrail = yield* AuditTrail
        const { tenantId, orderId } = yield* confidentialOrder
        const before = yield* dump
        for (const [order, sequence] of [
          [orderId, 1],
          [orderId, 6],
          [OrderId.make("unknown"), 1]
        ] as const) {
          expect(yield* Effect.flip(auditTrail.erase(tenantId, order, sequence))).toMatchObject({
            _tag: "EventNotErasable",
            sequence
          })
        }
        expect(yield* dump).toEqual(before)
      })
    ))
})

describe("erasing, in memory", () => {
  const run = sharedLayer(shopOver(MemoryOrderStore.layer))

  it("leaves nothing of a text in any answer, and the order sound", () =>
    run(
      Effect.gen(function* () {
        const auditTrail = yield* AuditTrail
        const { tenantId, orderId, repeats } = yield* confidentialOrder
        expect(secrets(yield* repeats).length).toBeGreaterThan(5)
        for (const sequence of [5, 4, 3, 3]) yield* auditTrail.erase(tenantId, orderId, sequence)
        expect(secrets(yield* repeats)).toEqual([])
        expect(yield* auditTrail.verify(tenantId, orderId)).toBeNull()
        expect(yield* Stream.runCollect(verify({ tenantId }))).toEqual([])
      })
    ))
})
