/**
 * Plans that keep up with the store.
 *
 * A session makes the plan of a prepared statement once. One that was made while the tables were small goes on as if they still were: the
 * planner took all indexes of a tenant for equally good then, and some of them are a walk through everything the tenant has. So a statement
 * is given a new text, and with it a new plan, whenever this process has done four times as much as before. There are few such moments, and
 * between them a plan costs nothing. A server's autovacuum renews plans as well; where there is none, statistics are kept from here.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { CurrentTransformer } from "effect/sql/Statement"
import { schemaOf } from "./schemaName.ts"

/** Whether statistics of the tables are to be kept from here, because the database does not do so by itself: no, unless provided. */
export const KeepsStatistics = Context.Reference<boolean>("order-lifecycle/postgres/KeepsStatistics", {
  defaultValue: () => false
})

export interface PlanRenewal {
  /** The statement with the text of now. It counts as one thing done. */
  readonly renewed: <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>
  /** Count more things done, as for a statement that does many. */
  readonly note: (count: number) => void
}

/** The first renewal comes after so much. Up to here the worst plan is no burden. */
const firstRenewal = 1_000
const factor = 4

/** One for each pool and schema, whatever is done there. */
const renewals = new WeakMap<object, Map<string, PlanRenewal>>()

export const planRenewalOf = (sql: SqlClient, keepsStatistics: boolean): PlanRenewal => {
  const ofPool = renewals.get(sql.transactionService) ?? new Map<string, PlanRenewal>()
  renewals.set(sql.transactionService, ofPool)
  const known = ofPool.get(schemaOf(sql))
  if (known) return known
  const made = make(sql, keepsStatistics)
  ofPool.set(schemaOf(sql), made)
  return made
}

const make = (sql: SqlClient, keepsStatistics: boolean): PlanRenewal => {
  let done = 0
  let due = firstRenewal
  let mark: string | null = null
  let isAnalyzed = true

  const note = (count: number): void => {
    done += count
    if (done < due) return
    while (done >= due) due *= factor
    mark = ` /* plans of ${due / factor} */`
    isAnalyzed = !keepsStatistics
  }

  return {
    note,
    renewed: (statement) =>
      Effect.suspend(() => {
        note(1)
        if (mark === null) return statement
        const text = sql.literal(mark)
        const marked = Effect.provideService(statement, CurrentTransformer, (each, sql) => Effect.succeed(sql`${each}${text}`))
        if (isAnalyzed) return marked
        isAnalyzed = true
        return Effect.andThen(sql`ANALYZE ${sql.literal(tables.map((table) => `order_lifecycle.${table}`).join(", "))}`, marked)
      })
  }
}

const tables = ["customers", "orders", "reservations", "subscriptions", "audit_events", "audit_confidential", "idempotency"]
