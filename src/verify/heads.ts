/**
 * Heads: the newest event of each order, its sequence and hash, kept somewhere that whoever can write to the store cannot write to.
 *
 * A chain of hashes shows every change in its middle and none at its end: cut off the newest events, set the order back, and what is left
 * is sound. Only a head from before shows it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { OrderId, TenantId } from "../order/Order.ts"
import { repairOf } from "./invariants.ts"
import { recordPages, tenantsOf } from "./pages.ts"
import type { Violation } from "./Violation.ts"

/** Where an order's history had got to. */
export const Head = Schema.Struct({
  tenantId: TenantId,
  orderId: OrderId,
  sequence: Schema.Int,
  hash: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/, { message: "must be a SHA-256 in hex" }))
})
export type Head = typeof Head.Type

/** A head as a line of JSON, and back. */
export const HeadLine = Schema.fromJsonString(Head)

/** The head of every order, or of every order of one tenant. Take them when `verify` has found nothing: a head vouches for all before it. */
export const headsOf = (tenantId?: TenantId): Stream.Stream<Head, StoreUnavailable, OrderRecords> =>
  Stream.unwrap(
    Effect.map(OrderRecords, (records) =>
      Stream.flatMap(tenantId === undefined ? tenantsOf(records) : Stream.succeed(tenantId), (tenantId) =>
        Stream.flatMap(recordPages(records, tenantId), (page) =>
          Stream.fromIterable(
            page.flatMap(({ orderId, events }): ReadonlyArray<Head> => {
              const newest = events.at(-1)
              return newest ? [{ tenantId, orderId, sequence: newest.event.sequence, hash: newest.hash }] : []
            })
          )
        )
      )
    )
  )

/** Heads that are looked up at once. */
const batchSize = 500

/** Every head whose event is gone or is another one now. */
export const checkHeads = <E, R>(
  records: OrderRecords["Service"],
  heads: Stream.Stream<Head, E, R>,
  tenantId?: TenantId
): Stream.Stream<Violation, E | StoreUnavailable, R> =>
  heads.pipe(
    Stream.filter((head) => tenantId === undefined || head.tenantId === tenantId),
    Stream.grouped(batchSize),
    Stream.mapEffect((batch) =>
      Effect.map(records.hashesOf(batch), (hashes) =>
        batch.flatMap(({ tenantId, orderId, sequence, hash }, index): ReadonlyArray<Violation> => {
          const found = hashes[index] ?? null
          if (found === hash) return []
          const fault = found === null ? "was cut off: a head of it was kept" : "is not the one a head was kept of"
          return [{ id: "A6", tenantId, orderId, message: `event ${sequence} ${fault}`, repair: repairOf("A6") }]
        })
      )
    ),
    Stream.flattenIterable
  )
