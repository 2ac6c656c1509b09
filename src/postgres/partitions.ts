/**
 * Tables in parts: each table with rows of tenants is partitioned by the hash of the tenant, when the store is made that way. All rows of a tenant are
 * in the parts of one number, so a statement, which asks every table for its tenant, reads one part of each.
 *
 * Whether a store is in parts, and in how many, is what its table `orders` says: nothing else is written down. A migration is written for whole
 * tables; where the store is in parts, the tables that it makes are made in as many.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { optionReader, PartitionsOption } from "../lifecycle/options.ts"
import { forSchemaOf } from "./schemaName.ts"

/** In how many parts a new store is made; whole, unless provided. A number that was checked. */
export const Partitions = Context.Reference<number | null>("order-lifecycle/postgres/Partitions", { defaultValue: () => null })

const readPartitions = optionReader(PartitionsOption)

/**
 * Provide it to `layerMigrated`, and to `migrate`, to have the tables of a new store partitioned by the hash of the tenant, in so many parts (2 to
 * 128). A store that is there is taken if it has as many, and refused with `UnsuitableDatabase` if not. Throws a `WrongOption`.
 */
export const layerPartitions = (parts: number): Layer.Layer<never> =>
  Layer.succeed(Partitions, readPartitions(parts, "layerPartitions"))

/**
 * Tables that stay whole in every store. `consumers` is a handful of names, some of them for every tenant: each lease reads those and its tenant's
 * own. Of `migrations` there is one.
 */
export const wholeTables: ReadonlyArray<string> = ["consumers", "migrations"]

/** In how many parts the store is: 0 when its tables are whole; no row when there is none. */
export const partsOfStore = (sql: SqlClient): Effect.Effect<ReadonlyArray<{ readonly parts: number }>, SqlError> =>
  sql<{ parts: number }>`
    SELECT (SELECT count(*) FROM pg_inherits i WHERE t.relkind = 'p' AND i.inhparent = t.oid)::float8 AS parts
      FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = 'order_lifecycle' AND t.relname = 'orders'`

/** What is wrong with a store of `parts` for one who asks for `asked` of them; `null` when nothing is. */
export const partsFault = (parts: number, asked: number): string | null =>
  parts === asked
    ? null
    : parts === 0
      ? `its tables are whole, and ${asked} parts are asked for: only a new store can be made in parts. Ask for none, or copy the store ` +
        "into a new one (the guide PostgreSQL in production, Tables in parts, says how)"
      : `its tables have ${parts} parts, and ${asked} are asked for: ask for ${parts} or for none, or copy the store into a new one ` +
        "(the guide PostgreSQL in production, Tables in parts, says how)"

const creation = /^\s*CREATE TABLE order_lifecycle\.(\w+) \(/

/** The statement of a migration, for a store of so many parts: what makes a table makes its parts, too. One statement as before. */
export const inParts = (statement: string, parts: number): string => {
  const table = creation.exec(statement)?.[1]
  return table === undefined || wholeTables.includes(table)
    ? statement
    : `DO $parts$ BEGIN
    ${statement} PARTITION BY HASH (tenant_id);
    FOR part IN 0..${parts - 1} LOOP
      EXECUTE format('CREATE TABLE order_lifecycle.%I PARTITION OF order_lifecycle.${table} FOR VALUES WITH (MODULUS ${parts}, REMAINDER %s)',
        '${table}_' || part, part);
    END LOOP;
  END $parts$`
}

/** The client of a migration, on a store of so many parts. */
export const clientInParts = (sql: SqlClient, parts: number): SqlClient =>
  // All members are the given client's, and `unsafe` is typed as its own.
  forSchemaOf(
    sql,
    Object.assign((...given: Parameters<SqlClient>) => sql(...given), sql, {
      unsafe: (text: string, values?: ReadonlyArray<unknown>) => sql.unsafe(inParts(text, parts), values)
    }) as SqlClient
  )
