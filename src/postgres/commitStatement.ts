/**
 * The one statement that commits: any number of changes to different orders of one tenant, each with everything that belongs to it.
 *
 * An `UPDATE` of the order, pinned to the version the change was decided on, is the gate. Everything else hangs on the rows that it
 * returns: reservations, subscriptions, audit event, its confidential part, outbox, idempotency answer. A change that lost its race
 * returns no row and so writes nothing, while its neighbours are written.
 *
 * Why this is safe at the default isolation level. The parts of one statement share one snapshot. A version never goes back, and the
 * expected one was seen before the snapshot was taken, so the gate opens only when the newest committed version still is the expected
 * one: PostgreSQL waits for a concurrent writer and looks at `version` again. Nobody changes lines or subscriptions of an order without
 * raising its version, so what the snapshot shows of them is current, and the row lock keeps it so until the commit. The parts do not
 * see each other's writes; what one needs from another it gets by `RETURNING`.
 *
 * A statement that answers has been committed and cannot be undone, so it counts its own work before it does: if a part has written
 * another number of rows than it was told to, `demand` raises an error and all of it is undone.
 */
import type { Effect } from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { isFoundOtherwise, lookupsOf } from "../order/lookups.ts"
import { type Order, OrderedFacts, PersonalFacts, totalsOf, type TenantId } from "../order/Order.ts"
import type { Change } from "../lifecycle/OrderStore.ts"
import type { RowsOfTable } from "../order/process/OwnRows.ts"
import { addedTexts, changedSubscriptions } from "../order/Transition.ts"
import { dataRows, deleteOtherData, writeData } from "./dataStatements.ts"
import { dueColumns, writtenAnew } from "./dueStatements.ts"
import { deleteOtherLookups, writeLookups } from "./lookupStatements.ts"
import { fromOrder, fromSubscription } from "./orderRows.ts"
import { schemaOf } from "./schemaName.ts"

/**
 * `wait` for an order that is locked, or `pass` it over: it is not among those that were committed then. Other locks are waited for
 * as long as the session says, or for a tenth of a second.
 */
export type WhenLocked = "wait" | "pass"

/** Positions, in `changes`, of those that were committed. All of them are the tenant's. */
export const commitStatement = (
  sql: SqlClient,
  tenantId: TenantId,
  changes: ReadonlyArray<Change>,
  whenLocked: WhenLocked = "wait"
): Effect<ReadonlyArray<{ readonly committed: string | null }>, SqlError> => {
  // Whoever takes more than one lock takes them in the order of their keys, or two batches could each wait for the other.
  const records = changes.map(toRecord).toSorted((a, b) => compare(a.order_id, b.order_id))
  // What no change asks for is left out: a part that finds nothing to do still costs about as much as one that does.
  const hasPlacements = records.some((record) => record.expected === 0)
  const hasNewLines = records.some(({ moves }) => moves.some((move) => !("from_held" in move)))
  const parts = [
    whenLocked === "pass" ? gateOfUnlocked : records.length > 1 ? gateInOrder : gate,
    updates(rewritable.filter((column) => records.some(({ expected, [column]: value }) => expected > 0 && value !== undefined))),
    hasPlacements ? placements : noPlacements,
    moves(hasNewLines),
    events,
    ...(records.some((record) => record.subscriptions.length > 0) ? [subscriptions] : []),
    ...(changes.some(({ assets }) => assets && assets.length > 0) ? [assetMoves] : []),
    ...(records.some((record) => "key" in record) ? [keys] : []),
    ...(changes.some(({ due }) => due && due.set.length > 0) ? [waits] : []),
    ...(changes.some(({ due }) => due && due.cleared.length > 0) ? [waitsNoLonger] : []),
    ...(records.some(({ lookups }) => lookups !== undefined) ? [lookedUp] : []),
    ...(records.some(({ lookups, expected }) => lookups !== undefined && expected > 0) ? [lookedUpNoLonger] : []),
    ...(records.some(({ filterable = [] }) => filterable.length > 0) ? [findable] : []),
    ...(records.some(({ filterable, expected }) => filterable !== undefined && expected > 0) ? [findableNoLonger] : []),
    ...tablesOf(changes, schemaOf(sql)).map(ownRows)
  ]
  const checks = parts.flatMap((part) => part.checks)
  return sql.unsafe<{ committed: string | null }>(
    `
WITH
input AS (
  SELECT * FROM json_to_recordset($1::text::json) AS i (
    n integer, order_id text, expected integer,
    version integer, status text, updated_at text, cancellation json, data json,
    ordered json, personal json, notes text, customer_id text, total_minor bigint, created_at text, created_by text, new_email_key text,
    moves json, subscriptions json,
    event json, confidential_seal text, previous_hash text, hash text, salt text, confidential json,
    key text, fingerprint text, outcome json, remembered_at text, expires_at text, own json, due json, due_cleared json, filterable json,
    lookups json, assets json)
  WHERE n BETWEEN 0 AND ${few}${whenLocked === "pass" ? hasty : ""}
),${parts.map((part) => part.sql).join(",")}
SELECT (SELECT json_agg(n)::text FROM written) AS committed, ${checks.join(", ")}`,
    [JSON.stringify(records), tenantId]
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** The tenant, a parameter of the statement: every table is asked for it, so that the planner has no other way in than by key. */
const tenant = "$2::text"

/** Some more members of the `WITH` list, and what has to hold when all is written. */
interface Part {
  readonly sql: string
  readonly checks: ReadonlyArray<string>
}

const check = (name: string, holds: string, code: string, message: string) =>
  `order_lifecycle.demand(${holds}, '${code}', '${message}') AS ${name}`

/**
 * More than there can be. The condition is always true and is written for the planner only: it takes a range on an unknown list for a
 * handful of rows, and then looks each up by its key instead of reading through the table.
 */
const few = "1000000"

/** What may pass to the update: for one change, whatever the update itself lets through. */
const gate: Part = {
  sql: `
gate AS (SELECT * FROM input WHERE expected > 0)`,
  checks: []
}

/**
 * A statement of many callers does not wait long for what only one of them needs: a key, a customer or an asset that an open transaction has. It is
 * undone instead. Set before the first row is read, so before anything can be waited for; it ends with the transaction.
 */
const hasty = " AND (SELECT set_config('lock_timeout', '100ms', true)) IS NOT NULL"

/** For many, whatever could be locked at the expected version, one after the other. */
const lockedInOrder = (how: string): Part => ({
  sql: `
gate AS (
  SELECT i.* FROM input i CROSS JOIN LATERAL (
    SELECT 1 FROM order_lifecycle.orders o
     WHERE o.tenant_id = ${tenant} AND o.order_id = i.order_id AND o.version = i.expected ${how}) AS lock
)`,
  checks: []
})
const gateInOrder = lockedInOrder("FOR UPDATE")
const gateOfUnlocked = lockedInOrder("FOR UPDATE SKIP LOCKED")

/** Columns of an order that most changes leave as they are. */
const rewritable = ["ordered", "total_minor", "personal", "data"] as const

/** The orders that move on. Of these columns, what a change does not name stays as it is. */
const updates = (columns: ReadonlyArray<(typeof rewritable)[number]>): Part => ({
  sql: `
updated AS (
  UPDATE order_lifecycle.orders o
     SET version = i.version, status = i.status, updated_at = i.updated_at, cancellation = i.cancellation, head_hash = i.hash${columns
       .map((column) => `, ${column} = coalesce(i.${column}, o.${column})`)
       .join("")}
    FROM gate i
   WHERE o.tenant_id = ${tenant} AND o.order_id = i.order_id AND o.version = i.expected
  RETURNING i.*
)`,
  checks: []
})

/** The events, each with its confidential part and its place in the outbox. */
const events: Part = {
  sql: `
audited AS (
  INSERT INTO order_lifecycle.audit_events (tenant_id, order_id, sequence, event, confidential_seal, previous_hash, hash)
  SELECT ${tenant}, order_id, version, event, confidential_seal, previous_hash, hash FROM written
  RETURNING 1
),
confided AS (
  INSERT INTO order_lifecycle.audit_confidential (tenant_id, order_id, sequence, salt, content)
  SELECT ${tenant}, order_id, version, salt, confidential FROM written WHERE salt IS NOT NULL
),
posted AS (
  INSERT INTO order_lifecycle.outbox (tenant_id, order_id, sequence, at)
  SELECT ${tenant}, order_id, version, updated_at FROM written
  RETURNING 1
)`,
  checks: [
    check(
      "events_fit",
      "(SELECT count(*) FROM audited) + (SELECT count(*) FROM posted) = 2 * (SELECT count(*) FROM written)",
      "23514",
      "a change without its audit event"
    )
  ]
}

const noPlacements: Part = {
  sql: `
written AS (SELECT * FROM updated)`,
  checks: []
}

/** New orders and their customers. */
const placements: Part = {
  sql: `
customers AS (
  INSERT INTO order_lifecycle.customers (tenant_id, customer_id, email_key)
  SELECT ${tenant}, customer_id, new_email_key FROM input WHERE new_email_key IS NOT NULL
),
placed AS (
  INSERT INTO order_lifecycle.orders (tenant_id, order_id, version, status, ordered, data, personal, notes, customer_id, total_minor,
                                      created_at, created_by, updated_at, head_hash)
  SELECT ${tenant}, order_id, version, status, ordered, data, personal, notes, customer_id, total_minor,
         created_at, created_by, updated_at, hash
    FROM input WHERE expected = 0
  RETURNING order_id
),
written AS (
  SELECT * FROM updated
  UNION ALL
  SELECT i.* FROM placed p JOIN input i ON i.order_id = p.order_id
)`,
  checks: []
}

/** Reservations: inserted for new lines, updated for changed ones. A line that is not as the change has it from is not changed. */
const moves = (hasNewLines: boolean): Part => ({
  sql: `
moves AS (
  SELECT w.order_id, m.*
    FROM written w CROSS JOIN LATERAL json_to_recordset(w.moves) AS m (
      line integer, sku text, quantity integer,
      from_held integer, from_active integer, from_ended integer, from_released integer,
      held integer, active integer, ended integer, released integer)
   WHERE m.line BETWEEN 0 AND ${few}
),
moved AS (
  UPDATE order_lifecycle.reservations r
     SET held = m.held, active = m.active, ended = m.ended, released = m.released
    FROM moves m
   WHERE m.from_held IS NOT NULL
     AND r.tenant_id = ${tenant} AND r.order_id = m.order_id AND r.line = m.line AND r.sku = m.sku AND r.quantity = m.quantity
     AND r.held = m.from_held AND r.active = m.from_active AND r.ended = m.from_ended AND r.released = m.from_released
  RETURNING 1
)${
    hasNewLines
      ? `,
reserved AS (
  INSERT INTO order_lifecycle.reservations (tenant_id, order_id, line, sku, quantity, held, active, ended, released)
  SELECT ${tenant}, order_id, line, sku, quantity, held, active, ended, released FROM moves WHERE from_held IS NULL
  RETURNING 1
)`
      : ""
  }`,
  checks: [
    check(
      "reservations_fit",
      `(SELECT count(*) FROM moved) ${hasNewLines ? "+ (SELECT count(*) FROM reserved) " : ""}= (SELECT count(*) FROM moves)`,
      "23514",
      "the reservations are not what the order says they are"
    )
  ]
})

/**
 * Subscriptions that start, and those that change. The order of one that changes is compared in a way that no index serves, so that each is
 * looked up by its own key, and not among all of its order.
 */
const subscriptions: Part = {
  sql: `
rentals AS (
  SELECT w.order_id, w.customer_id, s.*
    FROM written w CROSS JOIN LATERAL json_to_recordset(w.subscriptions) AS s (
      is_new boolean, subscription_id text, position integer, line integer, serial_number text, status text, start_date text,
      contract_length integer, billing_group_id text, notes text, created_at text, created_by text, updated_at text, ended json,
      start_offset integer, end_date text, more json, texts jsonb, sku text)
   WHERE s.position BETWEEN 0 AND ${few}
),
started AS (
  INSERT INTO order_lifecycle.subscriptions (tenant_id, subscription_id, order_id, position, line, customer_id, serial_number, status,
    start_date, contract_length, billing_group_id, notes, created_at, created_by, updated_at, ended,
    start_offset, end_date, more, texts, sku)
  SELECT ${tenant}, subscription_id, order_id, position, line, customer_id, serial_number, status,
         start_date, contract_length, billing_group_id, notes, created_at, created_by, updated_at, ended,
         start_offset, end_date, more, texts, sku
    FROM rentals WHERE is_new
  RETURNING 1
),
changed AS (
  UPDATE order_lifecycle.subscriptions s SET serial_number = r.serial_number, status = r.status, contract_length = r.contract_length,
         end_date = r.end_date, updated_at = r.updated_at, ended = r.ended, more = r.more,
         texts = CASE WHEN r.texts IS NULL THEN s.texts ELSE coalesce(s.texts, '{}') || r.texts END
    FROM rentals r
   WHERE NOT r.is_new AND s.tenant_id = ${tenant} AND s.subscription_id = r.subscription_id
     AND s.order_id IS NOT DISTINCT FROM r.order_id
  RETURNING 1
)`,
  checks: [
    check(
      "subscriptions_fit",
      "(SELECT count(*) FROM started) + (SELECT count(*) FROM changed) = (SELECT count(*) FROM rentals)",
      "23514",
      "the subscriptions are not what the order says they are"
    )
  ]
}

/** Assets of the registry that go from one status to another. One that is not there in the status it is moved from is a lost race. */
const assetMoves: Part = {
  sql: `
steps AS (
  SELECT a.* FROM written w CROSS JOIN LATERAL json_to_recordset(w.assets) AS a (
    place integer, serial_number text, from_status text, to_status text, at text, subscription_id text, customer_id text)
   WHERE a.place BETWEEN 0 AND ${few}
),
stepped AS (
  UPDATE order_lifecycle.assets a
     SET status = s.to_status, subscription_id = s.subscription_id, customer_id = s.customer_id, version = a.version + 1,
         updated_at = greatest(a.updated_at, s.at)
    FROM steps s
   WHERE a.tenant_id = ${tenant} AND a.serial_number = s.serial_number AND a.status = s.from_status
  RETURNING 1
)`,
  checks: [
    check(
      "assets_fit",
      "(SELECT count(*) FROM stepped) = (SELECT count(*) FROM steps)",
      "23505",
      "an asset is not in the status that it is moved from"
    )
  ]
}

/** Answers to be given again under an idempotency key. A key past its time is free. */
const keys: Part = {
  sql: `
remembered AS (
  INSERT INTO order_lifecycle.idempotency AS k (tenant_id, key, fingerprint, outcome, remembered_at, expires_at)
  SELECT ${tenant}, key, fingerprint, outcome, remembered_at, expires_at FROM written WHERE key IS NOT NULL
  ON CONFLICT (tenant_id, key) DO UPDATE
    SET fingerprint = EXCLUDED.fingerprint, outcome = EXCLUDED.outcome, remembered_at = EXCLUDED.remembered_at,
        expires_at = EXCLUDED.expires_at
    WHERE k.expires_at < EXCLUDED.remembered_at
  RETURNING 1
)`,
  checks: [
    check(
      "keys_are_free",
      "(SELECT count(*) FROM remembered) = (SELECT count(key) FROM written)",
      "23505",
      "an idempotency key is taken"
    )
  ]
}

/** Commands that orders wait for from now on. */
const waits: Part = {
  sql: `
waits AS (
  SELECT w.order_id, d.*
    FROM written w CROSS JOIN LATERAL json_to_recordset(w.due) AS d (${dueColumns})
   WHERE d.since BETWEEN 0 AND ${few}
),
awaited AS (
  INSERT INTO order_lifecycle.due_commands (tenant_id, order_id, name, since, status, at, command, payload, due_at)
  SELECT ${tenant}, order_id, name, since, status, at, command, payload, at::timestamptz FROM waits
  ON CONFLICT (tenant_id, order_id, name) DO UPDATE
    SET ${writtenAnew}
  RETURNING 1
)`,
  checks: [
    check("due_fits", "(SELECT count(*) FROM awaited) = (SELECT count(*) FROM waits)", "23514", "a due command was not written")
  ]
}

/** Commands that orders wait for no longer, if they did. */
const waitsNoLonger: Part = {
  sql: `
no_longer AS (
  DELETE FROM order_lifecycle.due_commands d USING written w CROSS JOIN LATERAL json_array_elements_text(w.due_cleared) AS c (name)
   WHERE d.tenant_id = ${tenant} AND d.order_id = w.order_id AND d.name = c.name
)`,
  checks: []
}

/** Own data that lists find orders by. */
const findable: Part = {
  sql: `
findable AS (${writeData(tenant, "written")}
)`,
  checks: [
    check(
      "data_fit",
      "(SELECT count(*) FROM findable) = (SELECT coalesce(sum(json_array_length(w.filterable)), 0) FROM written w)",
      "23514",
      "own data to filter by were not written"
    )
  ]
}

/** Own data that lists found orders by, and that they have no longer. */
const findableNoLonger: Part = {
  sql: `
findable_no_longer AS (${deleteOtherData(tenant, "written")}
)`,
  checks: []
}

/** What lists find orders by from now on. */
const lookedUp: Part = {
  sql: `
looked_up AS (${writeLookups(tenant, "written")}
)`,
  checks: [
    check(
      "lookups_fit",
      "(SELECT count(*) FROM looked_up) = (SELECT coalesce(sum(json_array_length(w.lookups)), 0) FROM written w)",
      "23514",
      "what lists find an order by was not written"
    )
  ]
}

/** What lists found orders by, and find them by no longer. */
const lookedUpNoLonger: Part = {
  sql: `
looked_up_no_longer AS (${deleteOtherLookups(tenant, "written")}
)`,
  checks: []
}

/** The tables of the embedding service's own that changes write rows of. None of them is in the library's schema. */
const tablesOf = (changes: ReadonlyArray<Change>, schema: string): ReadonlyArray<RowsOfTable> => {
  const tables = new Map(changes.flatMap(({ rows = [] }) => rows.map((each) => [each.table, each])))
  for (const table of tables.keys())
    if (table.startsWith(`${schema}.`)) throw new Error(`${table}: the tables of the library are its own`)
  return [...tables.values()]
}

/** Rows of one of them. Its names were checked when the process was loaded (`checkProcess.ts`). */
const ownRows = ({ table, columns }: RowsOfTable, n: number): Part => {
  const names = Object.keys(columns)
  const list = names.map((name) => `, "${name}"`).join("")
  const types = names.map((name) => `"${name}" ${columns[name]}`).join(", ")
  const given = `w.own -> '${table}'`
  // A table of no columns of its own has a row for each element.
  const rows = names.length === 0 ? `json_array_elements(${given}) AS r` : `json_to_recordset(${given}) AS r (${types})`
  return {
    sql: `
own_rows_${n} AS (
  INSERT INTO "${table.replace(".", '"."')}" (tenant_id, order_id${list})
  SELECT ${tenant}, w.order_id${names.map((name) => `, r."${name}"`).join("")} FROM written w CROSS JOIN LATERAL ${rows}
  RETURNING 1
)`,
    checks: [
      check(
        `own_rows_${n}_fit`,
        `(SELECT count(*) FROM own_rows_${n}) = (SELECT coalesce(sum(json_array_length(${given})), 0) FROM written w)`,
        "23514",
        `a row of ${table} was not written`
      )
    ]
  }
}

/** A change as the statement takes it. What is `undefined` here is null there. */
const toRecord = (change: Change, n: number) => {
  const { transition, sealed, reservations, newCustomer, remember, rows, due, filterable, assets } = change
  const { before, after } = transition
  const { confidential, ...event } = sealed.event
  const row = fromOrder(after)
  const lookups = before === null || isFoundOtherwise(before, after) ? lookupsOf(after) : undefined
  return {
    n,
    order_id: row.orderId,
    expected: before?.version ?? 0,
    version: row.version,
    status: row.status,
    updated_at: row.updatedAt,
    cancellation: row.cancellation,
    customer_id: after.customer.customerId,
    filterable: filterable && dataRows(filterable),
    lookups,
    ...((before === null || filterable !== undefined || lookups !== undefined) && { created_at: row.createdAt }),
    ...(before === null
      ? {
          ordered: row.ordered,
          personal: row.personal,
          data: row.data,
          total_minor: totalsOf(after).total,
          notes: row.notes,
          created_by: row.createdBy,
          new_email_key: newCustomer?.emailKey
        }
      : {
          ...(isOtherIn(facts, before, after) && { ordered: row.ordered }),
          ...(before.lines.length !== after.lines.length && { ordered: row.ordered, total_minor: totalsOf(after).total }),
          ...(isOtherIn(persons, before, after) && { personal: row.personal }),
          ...(before.data !== after.data && { data: row.data })
        }),
    moves: reservations.map(({ line, sku, quantity, from, to }) => ({
      line,
      sku,
      quantity,
      ...(from && { from_held: from.held, from_active: from.active, from_ended: from.ended, from_released: from.released }),
      ...to
    })),
    subscriptions: changedSubscriptions(transition).map(({ position, was, is }) => ({
      is_new: was === undefined,
      position,
      ...fromSubscription(is),
      sku: after.lines[is.line]?.sku,
      texts: addedTexts({ was, is })
    })),
    event,
    confidential,
    salt: sealed.salt,
    confidential_seal: sealed.confidentialSeal,
    previous_hash: sealed.previousHash,
    hash: sealed.hash,
    ...(remember && {
      key: remember.key,
      fingerprint: remember.fingerprint,
      remembered_at: remember.rememberedAt,
      expires_at: remember.expiresAt,
      outcome: { outcome: "accepted", orderId: row.orderId, sequence: row.version }
    }),
    ...(due && { due: due.set, due_cleared: due.cleared }),
    ...(assets && {
      assets: assets.map(({ serialNumber, from, to, at, use }, place) => ({
        place,
        serial_number: serialNumber,
        from_status: from,
        to_status: to,
        at,
        subscription_id: use?.subscriptionId,
        customer_id: use?.customerId
      }))
    }),
    ...(rows && { own: Object.fromEntries(rows.map(({ table, rows: ofTable }) => [table, ofTable])) })
  }
}

/** What stands in the columns `ordered` and `personal`, besides the lines. Own data have a column of their own, and so have notes. */
const { data: _, ...ofOrdered } = OrderedFacts.fields
const { notes: __, ...ofPersons } = PersonalFacts.fields
const facts = Object.keys(ofOrdered) as ReadonlyArray<keyof typeof ofOrdered>
const persons = Object.keys(ofPersons) as ReadonlyArray<keyof typeof ofPersons>

/** Whether any of these members has changed. `evolve` leaves the others the very same values. */
const isOtherIn = (members: ReadonlyArray<keyof Order>, before: Order, after: Order): boolean =>
  members.some((member) => before[member] !== after[member])
