/** A database of its own for a page, with the tables in it, and statements on it with what `psql` would show of them. */
import { inspect } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { type SqlError, isSqlError } from "effect/sql/SqlError"
import { migrate } from "../../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../../src/postgres/PostgresConnection.ts"

const on = <A, E>(url: string, use: Effect.Effect<A, E, SqlClient.SqlClient>): Promise<A> =>
  Effect.runPromise(Effect.provide(use, Layer.fresh(PostgresConnection.layer({ url: Redacted.make(url), maxConnections: 1 }))))

const unsafe = (statement: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement))

// One name for all pages of a process, which run one after the other: Effect reads the environment once, and `DATABASE_URL` with it.
const name = `page_${process.pid}_${Date.now().toString(36)}`

/** Create it. `drop` takes it away again, with the roles that the page has made. */
export const createPageDatabase = async (serverUrl: string, page: string) => {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await on(serverUrl, unsafe(`CREATE DATABASE ${name}`))
  await on(url.href, migrate)
  const roles = [...page.matchAll(/^CREATE ROLE (\w+)/gm)].map(([, role = ""]) => role)
  return {
    url: url.href,
    drop: async () => {
      await on(serverUrl, unsafe(`DROP DATABASE ${name} WITH (FORCE)`))
      for (const role of roles) await on(serverUrl, unsafe(`DROP ROLE IF EXISTS ${role}`))
    }
  }
}

/** Run statements in one session, and give what they print: the rows of each, or the error that ends it. */
export const runSql = (url: string, statements: string): Promise<string> =>
  on(
    url,
    Effect.gen(function* () {
      let printed = ""
      for (const statement of split(statements)) {
        const rows = yield* Effect.result(unsafe(statement))
        if (rows._tag === "Failure") return `${printed}ERROR:  ${messageOf(rows.failure)}\n`
        printed += isQuery.test(statement) ? tableOf(rows.success) : ""
      }
      return printed
    })
  )

const isQuery = /^(?:SELECT|WITH|SHOW|EXPLAIN)\b|\bRETURNING\b/i

/** A statement ends with a semicolon at the end of a line, unless that stands between dollars (`$body$ … $body$`). */
const split = (statements: string): ReadonlyArray<string> =>
  statements
    .replaceAll(/^--.*$/gm, "")
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, (body) => body.replaceAll(";", "\0"))
    .split(/;[ \t]*$/m)
    .map((statement) => statement.replaceAll("\0", ";").trim())
    .filter((statement) => statement !== "")

const messageOf = ({ reason }: SqlError): string => {
  const { cause } = reason
  return cause instanceof Error ? cause.message : isSqlError(cause) ? cause.message : String(cause)
}

/** Rows as `psql` lays them out. */
const tableOf = (rows: ReadonlyArray<object>): string => {
  const extent = `(${rows.length} row${rows.length === 1 ? "" : "s"})\n`
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return extent
  const columns = names.map((name) => {
    const cells = rows.map((row) => cellOf(Object.entries(row).find(([key]) => key === name)?.[1]))
    const width = Math.max(name.length, ...cells.map((cell) => cell.length))
    const isNumber = cells.every((cell) => /^-?\d+(?:\.\d+)?$/.test(cell))
    const left = Math.floor((width - name.length) / 2)
    return {
      head: (" ".repeat(left) + name).padEnd(width),
      rule: "-".repeat(width + 2),
      cells: cells.map((cell) => (isNumber ? cell.padStart(width) : cell.padEnd(width)))
    }
  })
  const line = (cells: ReadonlyArray<string>) => ` ${cells.join(" | ")}`.trimEnd()
  return [
    line(columns.map(({ head }) => head)),
    columns.map(({ rule }) => rule).join("+"),
    ...rows.map((_, n) => line(columns.map(({ cells }) => cells[n] ?? ""))),
    extent
  ].join("\n")
}

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  if (typeof value === "boolean") return value ? "t" : "f"
  if (typeof value === "string" || typeof value === "bigint") return `${value}`
  return typeof value === "object" ? JSON.stringify(value) : inspect(value)
}
