/**
 * What a careful team writes by hand to cancel an order: `BEGIN`, the order `FOR UPDATE`, its lines, the order, an event, a row for the outbox,
 * `COMMIT`, on a lean schema with node-postgres and a pool of 8.
 */
import { randomUUID } from "node:crypto"
import { Pool } from "pg"

/** Connections of the pool. */
export const poolSize = 8

const tables = `
  CREATE SCHEMA IF NOT EXISTS lean;
  CREATE TABLE IF NOT EXISTS lean.orders (id uuid PRIMARY KEY, status text NOT NULL, customer text NOT NULL, cancelled_at timestamptz, reason text);
  CREATE TABLE IF NOT EXISTS lean.lines (order_id uuid NOT NULL, line integer NOT NULL, sku text NOT NULL, held integer NOT NULL, released integer NOT NULL,
    PRIMARY KEY (order_id, line));
  CREATE TABLE IF NOT EXISTS lean.events (order_id uuid NOT NULL, sequence integer NOT NULL, event jsonb NOT NULL, PRIMARY KEY (order_id, sequence));
  CREATE TABLE IF NOT EXISTS lean.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL, event jsonb NOT NULL);`

/** The pool, and the tables if they are not there yet. */
export const openPool = async (url: string): Promise<Pool> => {
  const pool = new Pool({ connectionString: url, max: poolSize })
  await pool.query(tables)
  return pool
}

/** Pending orders of two lines; their ids. */
export const placeByHand = async (orders: Pool, count: number): Promise<ReadonlyArray<string>> => {
  const ids = Array.from({ length: count }, () => randomUUID())
  await orders.query("INSERT INTO lean.orders SELECT id, 'pending', 'grace' FROM unnest($1::uuid[]) AS id", [ids])
  await orders.query(
    "INSERT INTO lean.lines SELECT id, line, 'LAPTOP', 1, 0 FROM unnest($1::uuid[]) AS id, generate_series(0, 1) AS line",
    [ids]
  )
  return ids
}

/** Cancel an order that is pending; throws for any other. */
export const cancelByHand = async (orders: Pool, id: string): Promise<void> => {
  const client = await orders.connect()
  try {
    await client.query("BEGIN")
    const { rows } = await client.query<{ status: string }>({
      name: "lock",
      text: "SELECT status FROM lean.orders WHERE id = $1 FOR UPDATE",
      values: [id]
    })
    if (rows[0]?.status !== "pending") throw new Error(`the order is ${rows[0]?.status}`)
    const event = JSON.stringify({ type: "order.cancelled", reason: "changed my mind", at: new Date().toISOString() })
    await client.query({
      name: "release",
      text: "UPDATE lean.lines SET released = released + held, held = 0 WHERE order_id = $1",
      values: [id]
    })
    await client.query({
      name: "cancel",
      text: "UPDATE lean.orders SET status = 'cancelled', cancelled_at = now(), reason = $2 WHERE id = $1",
      values: [id, "changed my mind"]
    })
    await client.query({ name: "event", text: "INSERT INTO lean.events VALUES ($1, 2, $2)", values: [id, event] })
    await client.query({ name: "outbox", text: "INSERT INTO lean.outbox (order_id, event) VALUES ($1, $2)", values: [id, event] })
    await client.query("COMMIT")
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  } finally {
    client.release()
  }
}

/** An order with its lines, by one select. */
export const readByHand = async (orders: Pool, id: string): Promise<object | undefined> => {
  const { rows } = await orders.query<object>({
    name: "read",
    text: `SELECT o.*, (SELECT json_agg(l ORDER BY l.line) FROM lean.lines l WHERE l.order_id = o.id) AS lines FROM lean.orders o WHERE o.id = $1`,
    values: [id]
  })
  return rows[0]
}

/** How many of these orders are cancelled and have their event. */
export const cancelledOf = async (orders: Pool, ids: ReadonlyArray<string>): Promise<number> => {
  const { rows } = await orders.query<{ done: number }>(
    `SELECT count(*)::int AS done FROM lean.orders o JOIN lean.events e ON e.order_id = o.id
      WHERE o.id = ANY ($1::uuid[]) AND o.status = 'cancelled' AND e.sequence = 2`,
    [ids]
  )
  return rows[0]?.done ?? 0
}
