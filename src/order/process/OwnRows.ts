/** Rows in tables of the embedding service's own, written by the very statement that commits a change. */
import type { AuditEvent } from "../AuditEvent.ts"
import type { Order } from "../Order.ts"
import { RuleFailed } from "./RuleFailed.ts"

/** What a column can hold, by PostgreSQL's name for its type. */
export const columnTypes = [
  "text",
  "boolean",
  "integer",
  "bigint",
  "numeric",
  "double precision",
  "date",
  "timestamptz",
  "uuid",
  "json",
  "jsonb"
] as const
/** The type of a column. */
export type ColumnType = (typeof columnTypes)[number]

/** Columns of every table that the library fills. */
export const filledColumns = { tenant_id: "text", order_id: "text" } satisfies Readonly<Record<string, ColumnType>>

/** What is known of an accepted command when its rows are made. `before` is null when the order was placed. */
export interface RowFacts {
  readonly before: Order | null
  readonly event: AuditEvent
  readonly after: Order
}

/** A row: a value for each column; one that is left out is null. The tenant and the order are written by the library. */
export type Row<Columns> = { readonly [Column in keyof Columns]?: ValueOf<Columns[Column]> | null }
type ValueOf<Type> = Type extends "boolean"
  ? boolean
  : Type extends "integer" | "double precision"
    ? number
    : Type extends "bigint" | "numeric"
      ? number | string
      : Type extends "json" | "jsonb"
        ? unknown
        : string

/** Rows of one table: its columns with their types, and the rows that belong to an accepted command. */
export interface OwnRows<Columns extends Readonly<Record<string, ColumnType>> = Readonly<Record<string, ColumnType>>> {
  readonly columns: Columns
  /** Pure, and answers at once; an empty list where the command has none. */
  readonly rows: (facts: RowFacts) => ReadonlyArray<Row<Columns>>
}

/** Rows of one table that a change writes. */
export interface RowsOfTable {
  /** `schema.table` */
  readonly table: string
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** The rows of a change. Throws a `RuleFailed` that names the table when what makes them throws, or answers with something else. */
export const rowsOf = (tables: ReadonlyMap<string, OwnRows>, facts: RowFacts): ReadonlyArray<RowsOfTable> => {
  const all: Array<RowsOfTable> = []
  for (const [table, { columns, rows: make }] of tables) {
    const rows = askForRows(table, columns, make, facts)
    if (rows.length > 0) all.push({ table, columns, rows })
  }
  return all
}

const askForRows = (table: string, columns: OwnRows["columns"], make: OwnRows["rows"], facts: RowFacts) => {
  const rule = `the rows of ${table}`
  let rows: unknown
  try {
    rows = make(facts)
  } catch (cause) {
    throw new RuleFailed(rule, `threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (!Array.isArray(rows)) throw new RuleFailed(rule, "must be a list, at once")
  for (const row of rows as ReadonlyArray<unknown>) {
    if (typeof row !== "object" || row === null) throw new RuleFailed(rule, "must be objects, with a value for each column")
    for (const name in row) if (!Object.hasOwn(columns, name)) throw new RuleFailed(rule, `have no column ${name}`)
  }
  return rows as ReadonlyArray<Readonly<Record<string, unknown>>>
}
