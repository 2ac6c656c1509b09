/**
 * Tampering with the history of orders, by someone who can write to every table: whatever is done to one event is found, and at which.
 *
 * What a chain shows by itself is in `test/order/auditChain.property.test.ts`. Here it is done to the rows of a real database, and it is
 * `verify` that finds it. Each attempt is made in a transaction that is rolled back, so that the next finds everything sound again.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { isDeepStrictEqual } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { type Head, headsOf } from "../../src/verify/heads.ts"
import { verify } from "../../src/verify/verify.ts"
import type { Violation } from "../../src/verify/Violation.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"
import { fillWithOrders, orderNumber } from "../support/manyOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

/** Orders of every life, for three tenants. */
const count = 24

/** The sequence that a violation of a history names. */
const locationOf = ({ message }: Violation): number => Number(/event (\d+)/.exec(message)?.[1])

const aboutHistory = new Set<string>(["A1", "A4", "A6", "C4"])

const foundIn = (violations: ReadonlyArray<Violation>, order: { readonly tenantId: string; readonly orderId: string }) =>
  violations
    .filter(({ id, tenantId, orderId }) => aboutHistory.has(id) && tenantId === order.tenantId && orderId === order.orderId)
    .map(locationOf)

const everything = Stream.runCollect(verify())

class Undone extends Data.TaggedError("Undone") {}

/** A text with one of its characters replaced by another. */
const withOneCharacterChanged = (text: string, where: number): string => {
  const at = where % text.length
  const other = text[at] === "0" ? "1" : "0"
  return text.slice(0, at) + other + text.slice(at + 1)
}

describe("on the rows of PostgreSQL", () => {
  const run = sharedLayer(postgresStore)
  beforeAll(() => run(fillWithOrders(count)))

  /** Do it, look, undo it. Null when the database did not let it be done. */
  const tamper = (statements: ReadonlyArray<Statement>) =>
    Effect.gen(function* () {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      let violations = null as ReadonlyArray<Violation> | null
      yield* sql
        .withTransaction(
          Effect.gen(function* () {
            yield* sql`SET LOCAL session_replication_role = replica`
            for (const [statement, ...parameters] of statements) {
              const rows = yield* sql.unsafe(statement, parameters)
              expect(rows.length, statement).toBeGreaterThan(0)
            }
            violations = yield* Stream.runCollect(verify())
            return yield* new Undone()
          })
        )
        .pipe(
          // An SQL error: not JSON any more, a key that is taken; refused before anything was done. Such an attempt does not count.
          Effect.catchTags({ Undone: () => Effect.void, SqlError: () => Effect.void })
        )
      return violations
    })

  const rowsOf = (n: number) =>
    Effect.gen(function* () {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      const { tenantId, orderId } = orderNumber(n)
      return yield* sql<{ sequence: number; columns: string }>`
        SELECT e.sequence, json_build_object('event', e.event::text, 'confidential_seal', e.confidential_seal,
                 'previous_hash', e.previous_hash, 'hash', e.hash, 'salt', c.salt, 'content', c.content::text)::text AS columns
          FROM order_lifecycle.audit_events e
          JOIN order_lifecycle.audit_confidential c USING (tenant_id, order_id, sequence)
         WHERE e.tenant_id = ${tenantId} AND e.order_id = ${orderId} ORDER BY e.sequence`
    })

  const where = "tenant_id = $1 AND order_id = $2 AND sequence = $3"
  const tableOf = (column: string) => (column === "salt" || column === "content" ? "audit_confidential" : "audit_events")
  const isJson = (column: string) => column === "event" || column === "content"

  it("a changed character of any column of any event is found at that event", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(count - 1), fc.nat(), fc.nat(), fc.nat(), async (n, whichEvent, whichColumn, whichCharacter) => {
        const isFound = await run(
          Effect.gen(function* () {
            const rows = yield* rowsOf(n)
            const { sequence = 0, columns = "{}" } = rows[whichEvent % rows.length] ?? {}
            const texts = Object.entries(JSON.parse(columns) as Record<string, string | null>).filter(([, text]) => text !== null)
            const [column, text] = texts[whichColumn % texts.length] as [string, string]
            const changed = withOneCharacterChanged(text, whichCharacter)
            const order = orderNumber(n)
            const cast = isJson(column) ? "::text::json" : ""
            const violations = yield* tamper([
              [
                `UPDATE order_lifecycle.${tableOf(column)} SET ${column} = $4${cast} WHERE ${where} RETURNING 1`,
                order.tenantId,
                order.orderId,
                sequence,
                changed
              ]
            ])
            if (violations === null) return false
            if (isJson(column) && isDeepStrictEqual(JSON.parse(changed), JSON.parse(text))) return false
            expect(foundIn(violations, order), `${column} of event ${sequence}: ${changed}`).toContain(sequence)
            expect(new Set(violations.map(({ orderId }) => orderId))).toEqual(new Set([order.orderId]))
            tried("tampered audit rows found and located")
            return true
          })
        )
        fc.pre(isFound)
      }),
      { numRuns: numRuns(60) }
    ))

  /** What can be done to the event at `sequence` of an order with `length` events; null where it cannot be done to this one. */
  const tamperings: Record<string, (act: Act) => Tampering | null> = {
    drop: ({ ids, sequence }) => ({
      at: sequence,
      statements: onBoth((table) => `DELETE FROM ${table} WHERE ${where} RETURNING 1`, ids)
    }),
    "append it again": ({ ids, length }) => ({
      at: length + 1,
      statements: [
        [
          `INSERT INTO order_lifecycle.audit_events (tenant_id, order_id, sequence, event, confidential_seal, previous_hash, hash)
           SELECT tenant_id, order_id, ${length + 1}, event, confidential_seal, coalesce(previous_hash, hash), hash
             FROM order_lifecycle.audit_events WHERE ${where} RETURNING 1`,
          ...ids
        ]
      ]
    }),
    "swap with the next": ({ ids: [tenantId, orderId, sequence], length }) => {
      const renumber = (from: number, to: number) =>
        onBoth((table) => `UPDATE ${table} SET sequence = ${to} WHERE ${where} RETURNING 1`, [tenantId, orderId, from])
      const statements = [
        ...renumber(sequence, 1_000_000),
        ...renumber(sequence + 1, sequence),
        ...renumber(1_000_000, sequence + 1)
      ]
      return sequence === 1 || sequence === length ? null : { at: sequence, statements }
    },
    renumber: ({ ids, sequence }) => ({
      at: sequence,
      statements: onBoth((table) => `UPDATE ${table} SET sequence = 99 WHERE ${where} RETURNING 1`, ids)
    }),
    "move to the end of another order": ({ ids, sequence, other }) => ({
      at: sequence,
      statements: onBoth(
        (table) => `UPDATE ${table} SET tenant_id = $4, order_id = $5, sequence = $6 WHERE ${where} RETURNING 1`,
        [...ids, other.tenantId, other.orderId, other.length + 1]
      ),
      and: { order: other, at: other.length + 1 }
    }),
    "move to an order of a tenant that is not there": ({ ids, sequence }) => ({
      at: sequence,
      statements: onBoth((table) => `UPDATE ${table} SET tenant_id = 'nobody' WHERE ${where} RETURNING 1`, ids)
    }),
    "replace by that of another order": ({ ids, sequence, other }) =>
      sequence > other.length
        ? null
        : {
            at: sequence,
            statements: [
              [
                `UPDATE order_lifecycle.audit_events e
              SET event = f.event, confidential_seal = f.confidential_seal, previous_hash = f.previous_hash, hash = f.hash
             FROM order_lifecycle.audit_events f
            WHERE e.tenant_id = $1 AND e.order_id = $2 AND e.sequence = $3
              AND f.tenant_id = $4 AND f.order_id = $5 AND f.sequence = $3 RETURNING 1`,
                ...ids,
                other.tenantId,
                other.orderId
              ]
            ]
          }
  }

  it.each(Object.keys(tamperings))("an event is found where it is missing and where it should not be: %s", (name) =>
    fc.assert(
      fc.asyncProperty(fc.nat(count - 1), fc.integer({ min: 1, max: count - 1 }), fc.nat(), async (n, further, which) => {
        const isFound = await run(
          Effect.gen(function* () {
            const [here, there] = [orderNumber(n), orderNumber((n + further) % count)]
            const length = (yield* rowsOf(n)).length
            const sequence = 1 + (which % length)
            const other = { ...there, length: (yield* rowsOf((n + further) % count)).length }
            const tampering =
              tamperings[name]?.({ ids: [here.tenantId, here.orderId, sequence], sequence, length, other }) ?? null
            const violations = tampering && (yield* tamper(tampering.statements))
            if (tampering === null || violations === null) return false
            expect(foundIn(violations, here), `${name}: event ${sequence} of ${here.orderId}`).toContain(tampering.at)
            if (tampering.and) expect(foundIn(violations, tampering.and.order), `${name}: there`).toContain(tampering.and.at)
            tried("tampered histories found and located")
            return true
          })
        )
        fc.pre(isFound)
      }),
      { numRuns: numRuns(15) }
    )
  )

  it("and nothing is left of it all: every attempt was undone", async () => {
    expect(await run(everything)).toEqual([])
  })

  it("any texts can be erased, and the histories are still whole", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(count - 1), fc.nat(), (n, which) =>
        run(
          Effect.gen(function* () {
            const store = yield* OrderStore
            const { tenantId, orderId } = orderNumber(n)
            const { length } = yield* store.history(tenantId, orderId)
            const sequence = 1 + (which % length)
            expect(yield* store.eraseText({ tenantId, orderId, sequence })).toBe(sequence > 1)
            expect(yield* everything).toEqual([])
            tried("texts erased, and the history whole")
          })
        )
      ),
      { numRuns: numRuns(20) }
    ))
})

interface Act {
  readonly ids: readonly [tenantId: string, orderId: string, sequence: number]
  readonly sequence: number
  readonly length: number
  readonly other: ReturnType<typeof orderNumber> & { readonly length: number }
}

type Statement = readonly [string, ...ReadonlyArray<unknown>]

interface Tampering {
  readonly statements: ReadonlyArray<Statement>
  /** Where it is to be found. */
  readonly at: number
  /** And where else. */
  readonly and?: { readonly order: Act["other"]; readonly at: number }
}

const onBoth = (statement: (table: string) => string, parameters: ReadonlyArray<unknown>): ReadonlyArray<Statement> =>
  ["audit_events", "audit_confidential"].map((table) => [statement(`order_lifecycle.${table}`), ...parameters])

describe("in memory", () => {
  const run = sharedLayer(MemoryOrderStore.layer)
  beforeAll(() => run(fillWithOrders(count)))

  /** What is in the store, with the history of one order as somebody would like it to be. */
  const retold = (n: number, retell: (events: ReadonlyArray<SealedEvent>) => ReadonlyArray<SealedEvent>) =>
    Layer.effect(
      OrderRecords,
      Effect.map(OrderRecords, (records): OrderRecords["Service"] => {
        const { tenantId, orderId } = orderNumber(n)
        return {
          ...records,
          read: (tenantId, after, limit) =>
            Effect.map(records.read(tenantId, after, limit), (page) =>
              page.map((record) => {
                if (record.orderId !== orderId) return record
                const events = retell(record.events)
                return { ...record, events, headHash: events.at(-1)?.hash ?? null }
              })
            ),
          hashesOf: (keys) =>
            Effect.map(records.read(tenantId, null, count), (page) => {
              const events = retell(page.find((record) => record.orderId === orderId)?.events ?? [])
              return keys.map((key) => (key.orderId === orderId ? (events[key.sequence - 1]?.hash ?? null) : null))
            })
        }
      })
    )

  it("a history that is sealed anew from some event on is found by the head that was kept, and by nothing else", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(count - 1), fc.nat(), (n, which) =>
        run(
          Effect.gen(function* () {
            const { tenantId, orderId } = orderNumber(n)
            const heads = Stream.filter(headsOf(tenantId), (head) => head.orderId === orderId)
            const [head] = yield* Stream.runCollect(heads)
            const forge = (events: ReadonlyArray<SealedEvent>) => {
              const chain: Array<SealedEvent> = []
              for (const [index, { event, salt }] of events.entries()) {
                const told = index === which % events.length ? { ...event, requestId: RequestId.make("forged") } : event
                chain.push(seal(told, chain.at(-1)?.hash ?? null, salt ?? ""))
              }
              return chain
            }
            const forged = retold(n, forge)
            expect(yield* Effect.provide(Stream.runCollect(verify()), forged)).toEqual([])
            const found = yield* Effect.provide(Stream.runCollect(verify({ heads: Stream.make(head as Head) })), forged)
            expect(found).toMatchObject([{ id: "A6", tenantId, orderId }])
            expect(foundIn(found, { tenantId, orderId })).toEqual([head?.sequence])
            tried("tampered histories found and located")
          })
        )
      ),
      { numRuns: numRuns(30) }
    ))

  it("an event that is taken out, changed or put elsewhere is found at its place", () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(count - 1),
        fc.nat(),
        fc.constantFrom("out", "changed", "twice", "of another order"),
        (n, which, how) =>
          run(
            Effect.gen(function* () {
              const store = yield* OrderStore
              const { tenantId, orderId } = orderNumber(n)
              const [foreign] = yield* store.history(orderNumber((n + 1) % count).tenantId, orderNumber((n + 1) % count).orderId)
              const { length } = yield* store.history(tenantId, orderId)
              const index = which % length
              const retell = (events: ReadonlyArray<SealedEvent>): ReadonlyArray<SealedEvent> => {
                const sealed = events[index] as SealedEvent
                if (how === "out") return events.toSpliced(index, 1)
                if (how === "twice") return events.toSpliced(index, 0, sealed)
                if (how === "of another order") return events.with(index, foreign as SealedEvent)
                return events.with(index, { ...sealed, event: { ...sealed.event, at: "2026-01-01T00:00:00.000Z" } as AuditEvent })
              }
              const found = yield* Effect.provide(Stream.runCollect(verify()), retold(n, retell))
              expect(foundIn(found, { tenantId, orderId })).toContain(how === "twice" ? index + 2 : index + 1)
              tried("tampered histories found and located")
            })
          )
      ),
      { numRuns: numRuns(60) }
    ))
})
