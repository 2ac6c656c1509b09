/**
 * What lists find orders by of their own data: one row for each such member of an order, written by the statements that change the data. It is one
 * table for the members of all processes, so that a filter needs no migration.
 *
 * `value` is the JSON of what the member holds, which tells a text from a number. `created_at` is that of the order, by which lists are sorted
 * unless they are asked otherwise: a page of what has a value is read off the index from one end. A program of before does not write the table;
 * what it places or changes is found by filters once it was indexed (`order-lifecycle data index`).
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.order_data (
    tenant_id  text COLLATE "C" NOT NULL,
    order_id   text COLLATE "C" NOT NULL,
    member     text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL,
    created_at text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, order_id, member),
    FOREIGN KEY (tenant_id, order_id) REFERENCES order_lifecycle.orders
  )`,
  "CREATE INDEX order_data_by_value ON order_lifecycle.order_data (tenant_id, member, value, created_at, order_id)"
]

/** Makes the table. */
export const dataFilters: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
