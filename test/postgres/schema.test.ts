/** What the tables refuse by themselves, whatever writes to them: here it is raw SQL that tries, on whole tables, on tables in parts, and on a part. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { describe, expect, it } from "vitest"
import { assetStepsOf } from "../../src/asset/assetSteps.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { cancel, confirm, end, freshTenant, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { onPart, WritesToPart } from "../support/onPart.ts"
import { partitionedStore, postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const onWhole = sharedLayer(postgresStore)
const inParts = sharedLayer(partitionedStore)

/** Each of these is tried on whole tables, on tables in parts, and on the tenant's part of them. */
const run = async (effect: Parameters<typeof onWhole<unknown, unknown>>[0]): Promise<void> => {
  await onWhole(effect)
  await inParts(effect)
  await inParts(Effect.provideService(effect, WritesToPart, true))
}

/** The error code with which a statement fails. */
const codeOf = (statement: Effect.Effect<unknown, SqlError>) =>
  Effect.map(Effect.flip(statement), ({ reason }) => (reason.cause as { readonly code?: string }).code)

const foreignKeyViolation = "23503"
const checkViolation = "23514"
const uniqueViolation = "23505"
const restrictViolation = "23001"

/** One line more, as raw SQL would add it. */
const withLine = "ordered = jsonb_set(ordered::jsonb, '{lines}', ordered::jsonb -> 'lines' || (ordered::jsonb -> 'lines' -> 0))"

/** One order that rents a laptop and has ended a bike, and one that was cancelled after its bike had ended. */
const scene = Effect.gen(function* () {
  const store = yield* OrderStore
  const whole = yield* SqlClient.SqlClient
  const tenantId = freshTenant()
  const place = (orderId: string, serials: string) =>
    Effect.gen(function* () {
      const placement = placing(tenantId, { orderId })
      let head = headOf(placement)
      const changes = [placement]
      for (const command of [
        () => confirm,
        () => start(head.order, "LAPTOP", `laptop-${serials}`, { subscriptionId: `laptop-of-${orderId}` }),
        () => start(head.order, "BIKE", `bike-${serials}`, { subscriptionId: `bike-of-${orderId}` }),
        () => end(head.order, 1)
      ]) {
        const change = next(head, command())
        changes.push(change)
        head = headOf(change)
      }
      for (const change of changes) expect(yield* store.commit([change])).toEqual(["committed"])
      return head
    })
  const open = yield* place("open", "1")
  const closing = yield* place("cancelled", "2")
  const ended = next(closing, end(closing.order, 0))
  yield* store.commit([ended])
  yield* store.commit([next(headOf(ended), cancel())])
  const sql = yield* onPart(whole, tenantId)
  return { store, sql, whole, tenantId, open }
})

describe("a cancelled order", () => {
  it("never has an active subscription, in whatever way one is attempted", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const attempts = [
          // Cancel an order that has one.
          sql`UPDATE order_lifecycle.orders SET status = 'cancelled', cancellation = '{}', version = version + 1
               WHERE tenant_id = ${tenantId} AND order_id = 'open'`,
          // Give one to an order that is cancelled: a new one, an ended one again, one of another order.
          sql`INSERT INTO order_lifecycle.subscriptions (tenant_id, subscription_id, order_id, position, line, customer_id, serial_number,
                                                         status, start_date, end_date, contract_length, created_at, created_by, updated_at)
              SELECT tenant_id, 'new', order_id, 9, 0, customer_id, 'laptop-9', 'active', start_date, end_date, 12, created_at, created_by,
                     updated_at
                FROM order_lifecycle.subscriptions WHERE tenant_id = ${tenantId} AND subscription_id = 'laptop-of-cancelled'`,
          sql`UPDATE order_lifecycle.subscriptions SET status = 'active', ended = NULL
               WHERE tenant_id = ${tenantId} AND subscription_id = 'laptop-of-cancelled'`,
          sql`UPDATE order_lifecycle.subscriptions SET order_id = 'cancelled', position = 9
               WHERE tenant_id = ${tenantId} AND subscription_id = 'laptop-of-open'`
        ]
        for (const attempt of attempts) expect(yield* codeOf(attempt)).toBe(foreignKeyViolation)
        // And not within a transaction either.
        for (const attempt of attempts) expect(yield* codeOf(sql.withTransaction(attempt))).toBe(foreignKeyViolation)
      })
    ))

  it("stays cancelled, with its cancellation, its lines and its reservations", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const update = (set: string) =>
          codeOf(
            sql`UPDATE order_lifecycle.orders SET ${sql.literal(set)} WHERE tenant_id = ${tenantId} AND order_id = 'cancelled'`
          )
        for (const status of ["pending", "confirmed", "partial", "fulfilled"]) {
          expect(yield* update(`status = '${status}', cancellation = NULL, version = version + 1`)).toBe(restrictViolation)
          expect(yield* update(`status = '${status}', cancellation = NULL`)).toBe(restrictViolation)
        }
        expect(yield* update("cancellation = NULL")).toBe(checkViolation)
        expect(yield* update(withLine)).toBe(restrictViolation)
        const reservations = (set: string) =>
          codeOf(
            sql`UPDATE order_lifecycle.reservations SET ${sql.literal(set)} WHERE tenant_id = ${tenantId} AND order_id = 'cancelled'`
          )
        expect(yield* reservations("held = held + released, released = 0")).toBe(restrictViolation)
        expect(yield* reservations("released = released - 1, ended = ended + 1")).toBe(restrictViolation)
        expect(yield* reservations("ended = 0, released = released + ended")).toBe(restrictViolation)
        expect(
          yield* codeOf(
            sql`INSERT INTO order_lifecycle.reservations VALUES (${tenantId}, 'cancelled', 7, 'LAPTOP', 1, 1, 0, 0, 0)`
          )
        ).toBe(restrictViolation)
      })
    ))

  it("is cancelled by one event", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const again = sql`
          INSERT INTO order_lifecycle.audit_events (tenant_id, order_id, sequence, event, confidential_seal, previous_hash, hash)
          SELECT tenant_id, order_id, sequence + 1, event, confidential_seal, hash, hash FROM order_lifecycle.audit_events
           WHERE tenant_id = ${tenantId} AND order_id = 'cancelled' AND type = 'order.cancelled'`
        expect(yield* codeOf(again)).toBe(uniqueViolation)
      })
    ))
})

describe("an order", () => {
  it("moves by one version at a time, and only with it to another status", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const update = (set: string) =>
          codeOf(sql`UPDATE order_lifecycle.orders SET ${sql.literal(set)} WHERE tenant_id = ${tenantId} AND order_id = 'open'`)
        expect(yield* update("version = version + 2")).toBe(restrictViolation)
        expect(yield* update("version = version - 1")).toBe(restrictViolation)
        expect(yield* update("status = 'fulfilled'")).toBe(restrictViolation)
        expect(yield* update("status = 'Lost!', version = version + 1")).toBe(checkViolation)
        expect(yield* update("ordered = '{}'")).toBe(restrictViolation)
        expect(yield* update("ordered = jsonb_set(ordered::jsonb, '{currency}', '\"USD\"')")).toBe(restrictViolation)
        expect(yield* update("ordered = jsonb_set(ordered::jsonb, '{lines,0,unitPrice}', '1')")).toBe(restrictViolation)
        expect(yield* update("ordered = ordered::jsonb #- '{lines,0}'")).toBe(restrictViolation)
        expect(yield* update("total_minor = total_minor + 1")).toBe(restrictViolation)
        expect(yield* update("created_by = 'somebody else'")).toBe(restrictViolation)
      })
    ))

  it("has every unit of a line in exactly one place", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const update = (set: string) =>
          codeOf(
            sql`UPDATE order_lifecycle.reservations SET ${sql.literal(set)} WHERE tenant_id = ${tenantId} AND order_id = 'open'`
          )
        expect(yield* update("held = held + 1")).toBe(restrictViolation)
        expect(yield* update("released = released + 1")).toBe(checkViolation)
        expect(yield* update("held = held - 5, released = released + 5")).toBe(checkViolation)
        expect(yield* update("quantity = 0, held = 0, active = 0, ended = 0, released = 0")).toBe(restrictViolation)
      })
    ))

  it("never has a unit that goes back to where it was, and keeps its lines", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        const rows = sql`tenant_id = ${tenantId} AND order_id = 'open'`
        const update = (set: string, where: string) =>
          codeOf(sql`UPDATE order_lifecycle.reservations SET ${sql.literal(set)} WHERE ${rows} AND ${sql.literal(where)}`)
        expect(yield* update("held = held + active, active = 0", "active > 0")).toBe(restrictViolation)
        expect(yield* update("active = active + ended, ended = 0", "ended > 0")).toBe(restrictViolation)
        expect(yield* update("held = held + ended, ended = 0", "ended > 0")).toBe(restrictViolation)
        expect(yield* update("sku = 'BIKE'", "sku = 'LAPTOP'")).toBe(restrictViolation)
        expect(yield* update("quantity = quantity + 1, held = held + 1", "line = 0")).toBe(restrictViolation)
        expect(yield* codeOf(sql`DELETE FROM order_lifecycle.reservations WHERE ${rows}`)).toBe(restrictViolation)
      })
    ))

  it("cannot be deleted from under its history", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* scene
        expect(yield* codeOf(sql`DELETE FROM order_lifecycle.orders WHERE tenant_id = ${tenantId}`)).toBe(foreignKeyViolation)
      })
    ))
})

describe("an audit event", () => {
  it("is never changed or deleted", () =>
    run(
      Effect.gen(function* () {
        const { sql, store, tenantId, open } = yield* scene
        const before = yield* store.history(tenantId, open.order.orderId)
        for (const attempt of [
          sql`UPDATE order_lifecycle.audit_events SET hash = 'forged' WHERE tenant_id = ${tenantId}`,
          sql`DELETE FROM order_lifecycle.audit_events WHERE tenant_id = ${tenantId}`,
          sql`TRUNCATE order_lifecycle.audit_events CASCADE`,
          sql`TRUNCATE order_lifecycle.orders CASCADE`,
          sql`UPDATE order_lifecycle.audit_confidential SET content = '{}' WHERE tenant_id = ${tenantId}`,
          sql`TRUNCATE order_lifecycle.audit_confidential`
        ]) {
          expect(yield* codeOf(attempt)).toBe(restrictViolation)
        }
        expect(yield* store.history(tenantId, open.order.orderId)).toEqual(before)
      })
    ))

  it("can be robbed of what it says in confidence, and is whole without it", () =>
    run(
      Effect.gen(function* () {
        const { sql, store, tenantId, open } = yield* scene
        yield* sql`DELETE FROM order_lifecycle.audit_confidential WHERE tenant_id = ${tenantId}`
        const history = yield* store.history(tenantId, open.order.orderId)
        expect(history.map(({ salt, event }) => [salt, event.confidential])).toEqual(history.map(() => [null, {}]))
      })
    ))
})

describe("tenants", () => {
  it("are the first part of every key, of every reference and of what it refers to", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const keys = yield* sql<{ name: string; first: string }>`
          SELECT i.relname AS name, a.attname AS first
            FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
           WHERE t.relnamespace = 'order_lifecycle'::regnamespace AND x.indisunique AND t.relname <> 'migrations'`
        const references = yield* sql<{ name: string; first: string; target: string }>`
          SELECT c.conname AS name, own.attname AS first, other.attname AS target
            FROM pg_constraint c
            JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attnum = c.conkey[1]
            JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attnum = c.confkey[1]
           WHERE c.connamespace = 'order_lifecycle'::regnamespace AND c.contype = 'f'`
        expect(keys.length).toBeGreaterThan(10)
        expect(references.length).toBeGreaterThan(6)
        for (const key of keys) expect(key).toEqual({ name: key.name, first: "tenant_id" })
        for (const reference of references)
          expect(reference).toEqual({ name: reference.name, first: "tenant_id", target: "tenant_id" })
      })
    ))

  it("cannot refer to each other's orders", () =>
    run(
      Effect.gen(function* () {
        const { sql, whole, tenantId } = yield* scene
        const other = freshTenant()
        expect(
          yield* codeOf(
            sql`UPDATE order_lifecycle.reservations SET tenant_id = ${other} WHERE tenant_id = ${tenantId} AND order_id = 'open'`
          )
        ).toBe(restrictViolation)
        expect(
          yield* codeOf(whole`INSERT INTO order_lifecycle.reservations VALUES (${other}, 'open', 5, 'LAPTOP', 1, 1, 0, 0, 0)`)
        ).toBe(foreignKeyViolation)
      })
    ))
})

describe("a registered asset", () => {
  const registeredScene = Effect.gen(function* () {
    const { store, sql, tenantId, open } = yield* scene
    const asset = (serialNumber: string, status: string) =>
      sql`INSERT INTO order_lifecycle.assets (tenant_id, serial_number, sku, product_name, status, version, created_at, created_by, updated_at)
          VALUES (${tenantId}, ${serialNumber}, 'LAPTOP', 'The laptop', ${status}, 1, '2026-11-28', 'ada', '2026-11-28')`
    yield* asset("laptop-7", "available")
    yield* asset("laptop-8", "unavailable")
    const rent = (serialNumber: string) =>
      next(open, start(open.order, "LAPTOP", serialNumber, { subscriptionId: "registered", isRegistered: true }))
    const rented = rent("laptop-7")
    yield* store.commit([{ ...rented, assets: assetStepsOf(rented.transition) }])
    const update = (set: string, serialNumber = "laptop-7") =>
      sql`UPDATE order_lifecycle.assets SET ${sql.literal(set)} WHERE tenant_id = ${tenantId} AND serial_number = ${serialNumber}`
    return { store, sql, tenantId, rented, update }
  })
  const back = (status: string) => `status = '${status}', subscription_id = NULL, customer_id = NULL`

  it("stays rented out while a subscription on it is active, and may come back when none is", () =>
    run(
      Effect.gen(function* () {
        const { store, rented, update } = yield* registeredScene
        for (const status of ["available", "returned", "sold", "unavailable"]) {
          expect(yield* codeOf(update(back(status)))).toBe(foreignKeyViolation)
        }
        const { order, headHash } = headOf(rented)
        const ended = next({ order, headHash }, end(order, order.subscriptions.length - 1))
        expect(yield* store.commit([ended])).toEqual(["committed"])
        yield* update(back("returned"))
      })
    ))

  it("is no other's when a subscription begins that knows of the registry, in whatever way one is attempted", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId } = yield* registeredScene
        const onto = (serialNumber: string) =>
          sql`UPDATE order_lifecycle.subscriptions SET serial_number = ${serialNumber}
               WHERE tenant_id = ${tenantId} AND subscription_id = 'registered'`
        for (const serialNumber of ["laptop-8", "nowhere"]) expect(yield* codeOf(onto(serialNumber))).toBe(foreignKeyViolation)
        const knowing = sql`UPDATE order_lifecycle.subscriptions SET more = '{"assetIsRegistered":true}'
                             WHERE tenant_id = ${tenantId} AND subscription_id = 'laptop-of-open'`
        expect(yield* codeOf(knowing)).toBe(foreignKeyViolation)
      })
    ))

  it("says for which subscription it is out, stays in the registry, and keeps what was recorded of it", () =>
    run(
      Effect.gen(function* () {
        const { sql, tenantId, update } = yield* registeredScene
        expect(yield* codeOf(update("subscription_id = NULL, customer_id = NULL"))).toBe(checkViolation)
        expect(yield* codeOf(update("customer_id = NULL"))).toBe(checkViolation)
        expect(yield* codeOf(update("status = 'rented_out'", "laptop-8"))).toBe(checkViolation)
        expect(yield* codeOf(update("status = 'lost'", "laptop-8"))).toBe(checkViolation)
        expect(yield* codeOf(update("subscription_id = 'no such'"))).toBe(foreignKeyViolation)
        expect(yield* codeOf(update("serial_number = 'other'", "laptop-8"))).toBe(restrictViolation)
        expect(yield* codeOf(sql`DELETE FROM order_lifecycle.assets WHERE tenant_id = ${tenantId}`)).toBe(restrictViolation)
        yield* sql`INSERT INTO order_lifecycle.asset_changes VALUES (${tenantId}, 'laptop-8', 1, '{}')`
        for (const attempt of [
          sql`UPDATE order_lifecycle.asset_changes SET record = '{"reason":"other"}' WHERE tenant_id = ${tenantId}`,
          sql`DELETE FROM order_lifecycle.asset_changes WHERE tenant_id = ${tenantId}`,
          sql`TRUNCATE order_lifecycle.asset_changes`
        ])
          expect(yield* codeOf(attempt)).toBe(restrictViolation)
      })
    ))
})
