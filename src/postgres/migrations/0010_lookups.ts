/**
 * What lists find orders by besides the columns of `orders`: the email of the snapshot, the caller's own number, the SKUs of the lines. Each is a row
 * of a table of its own, because an index on `orders` is written by every command, and a command that changes none of these, as a cancel does,
 * writes nothing here.
 *
 * `created_at` is that of the order, by which lists are sorted unless they are asked otherwise: a page is read off the index from one end. Emails are
 * compared as customers are, whose key was made of the email that an order was placed with. A program of before does not write the table; what it
 * places is found once it was indexed (`order-lifecycle data index`).
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.order_lookups (
    tenant_id  text COLLATE "C" NOT NULL,
    order_id   text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL,
    created_at text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, order_id, kind, value),
    FOREIGN KEY (tenant_id, order_id) REFERENCES order_lifecycle.orders
  )`,
  `INSERT INTO order_lifecycle.order_lookups (tenant_id, order_id, kind, value, created_at)
    SELECT o.tenant_id, o.order_id, 'email', c.email_key, o.created_at
      FROM order_lifecycle.orders o
      JOIN order_lifecycle.customers c ON c.tenant_id = o.tenant_id AND c.customer_id = o.customer_id
    UNION ALL
    SELECT o.tenant_id, o.order_id, 'reference', o.ordered ->> 'externalReference', o.created_at
      FROM order_lifecycle.orders o WHERE o.ordered ->> 'externalReference' IS NOT NULL
    UNION ALL
    SELECT DISTINCT r.tenant_id, r.order_id, 'sku', r.sku, o.created_at
      FROM order_lifecycle.reservations r
      JOIN order_lifecycle.orders o ON o.tenant_id = r.tenant_id AND o.order_id = r.order_id`,
  "CREATE INDEX order_lookups_by_value ON order_lifecycle.order_lookups (tenant_id, kind, value, created_at, order_id)"
]

/** Makes the table, and fills it. */
export const lookups: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
