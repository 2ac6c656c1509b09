/** The program, as it is run: what it prints, and the code with which it ends. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { layerSchema } from "../../src/postgres/schemaName.ts"
import { invariants } from "../../src/verify/invariants.ts"
import { bundled } from "../support/bundled.ts"
import { sharedCompileCache } from "../support/compileCache.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { fillWithOrders, orderNumber } from "../support/manyOrders.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

// `test/package.test.ts` runs the program as it is installed.
const source = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
const main = bundled(new URL("../../src/cli/main.ts", import.meta.url))

interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

const verify = (flags: ReadonlyArray<string>, environment?: Readonly<Record<string, string>>) => run("verify", flags, environment)

const run = (command: string, flags: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.promise(async () => {
    // A process from a file is made by the library that the program is of.
    const program = flags.includes("--process") ? source : await main()
    return new Promise<Ended>((resolve) => {
      const env = { PATH: process.env["PATH"] ?? "", ...sharedCompileCache(), ...environment }
      execFile(process.execPath, [program, command, ...flags], { env }, (error, output, errors) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output, errors })
      )
    })
  })

const orders = 16

it("verifies a server: 0 when all is well, 1 with a line for each violation, and heads show what was cut off", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const folder = yield* temporaryFolder
        const heads = join(folder, "heads.jsonl")
        const connection = PostgresConnection.layer({ url, maxConnections: 2 })
        const context = yield* Layer.build(Layer.provideMerge(PostgresOrderStore.layerMigrated, connection))
        yield* Effect.provideContext(fillWithOrders(orders), context)
        const databaseUrl = Redacted.value(url)
        const inEnvironment = { DATABASE_URL: databaseUrl }

        const sound = yield* verify(["--database-url", databaseUrl, "--export-heads", heads])
        expect(sound).toMatchObject({ code: 0, errors: "" })
        expect(sound.output).toContain("16 orders of 2 tenants with 54 events checked: everything is as it should be.")
        const lines = (yield* Effect.promise(() => readFile(heads, "utf8"))).trim().split("\n")
        expect(lines.length).toBe(orders)
        expect(yield* verify(["--heads", heads, "--tenant", "tenant-0"], inEnvironment)).toMatchObject({ code: 0 })

        const sql = yield* Effect.provideContext(SqlClient.SqlClient, context)
        const { tenantId, orderId } = orderNumber(1)
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`SET LOCAL session_replication_role = replica`
            yield* sql`UPDATE order_lifecycle.reservations SET released = released + held, held = 0 WHERE order_id = ${orderId}`
            yield* sql`DELETE FROM order_lifecycle.outbox WHERE order_id = ${orderId} AND sequence = 2`
            yield* sql`DELETE FROM order_lifecycle.audit_confidential WHERE order_id = ${orderId} AND sequence = 2`
            yield* sql`DELETE FROM order_lifecycle.audit_events WHERE order_id = ${orderId} AND sequence = 2`
          })
        )
        const broken = yield* verify(["--heads", heads], inEnvironment)
        expect([broken.code, broken.errors]).toEqual([1, ""])
        const place = `${tenantId} ${orderId}`
        expect(broken.output.split("\n").slice(0, 5)).toEqual([
          `T5 ${place}: status confirmed does not fit the units {"held":0,"active":0,"ended":0,"released":3}`,
          `A1 ${place}: event 2 is missing: the order is at version 2`,
          `S8 ${tenantId}: of BIKE 3 reserved and 2 rented are counted, and the lines have 2 and 2`,
          `S8 ${tenantId}: of LAPTOP 5 reserved and 4 rented are counted, and the lines have 3 and 4`,
          `A6 ${place}: event 2 was cut off: a head of it was kept`
        ])
        // The summary says what each means, and what to do.
        for (const { id, says, repair = "" } of invariants.filter(({ id }) => ["T5", "A1", "S8", "A6"].includes(id))) {
          expect(broken.output).toContain(`${id}        ${id === "S8" ? 2 : 1}  ${says}`)
          expect(broken.output).toContain(repair)
        }

        const asJson = yield* verify(["--json"], inEnvironment)
        expect(asJson.code).toBe(1)
        expect(
          asJson.output
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as unknown)
        ).toMatchObject([
          { id: "T5", tenantId, orderId, repair: expect.any(String) },
          { id: "A1", tenantId, orderId },
          { id: "S8", tenantId },
          { id: "S8", tenantId },
          { violations: 4, checked: { orders, tenants: 2 } }
        ])
      })
    )
  ))

it("verifies the schema that it is told, by a flag or by the setting of the service, and no other", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const connection = yield* Layer.build(PostgresConnection.layer({ url, maxConnections: 2 }))
        for (const schema of ["orders_eu", "orders_us"]) {
          const store = Layer.provide(Layer.fresh(PostgresOrderStore.layerMigrated), layerSchema(schema))
          yield* Effect.provideContext(Effect.provide(fillWithOrders(orders), store), connection)
        }
        const sql = yield* Effect.provideContext(SqlClient.SqlClient, connection)
        yield* sql`ALTER TABLE orders_us.audit_events DISABLE TRIGGER audit_events_stay`
        const place = ["--database-url", Redacted.value(url)]
        expect(yield* verify([...place, "--schema", "orders_eu"])).toMatchObject({ code: 0, errors: "" })
        const damaged = yield* verify(place, { DATABASE_SCHEMA: "orders_us" })
        expect(damaged).toMatchObject({ code: 1, errors: "" })
        expect(damaged.output).toContain("B1: trigger audit_events_stay of audit_events is missing or switched off")
        expect(yield* verify([...place, "--schema", "orders_eu"], { DATABASE_SCHEMA: "orders_us" })).toMatchObject({ code: 0 })
        const nowhere = yield* verify(place)
        expect(nowhere).toMatchObject({ code: 2 })
        expect(nowhere.errors).toContain("order_lifecycle")
        for (const environment of [{}, { DATABASE_SCHEMA: "pg_orders" }]) {
          const wrong = yield* verify(
            [...place, ...("DATABASE_SCHEMA" in environment ? [] : ["--schema", "Orders"])],
            environment
          )
          expect(wrong.code).toBe(2)
          expect(wrong.output + wrong.errors).toContain("is no name of a schema")
        }
      })
    )
  ))

it("verifies a folder, and does not make one", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const nowhere = join(yield* temporaryFolder, "data")
        expect(yield* verify(["--data-dir", nowhere])).toMatchObject({
          code: 2,
          errors: `Cannot verify: ${nowhere}: there are no orders in this folder\n`
        })
        expect(existsSync(nowhere)).toBe(false)
        const folder = yield* embeddedFolder
        yield* Effect.provide(fillWithOrders(orders), Layer.fresh(EmbeddedOrderStore.layer(folder)))
        const { code, output } = yield* verify(["--data-dir", folder])
        expect([code, output]).toEqual([0, "16 orders of 2 tenants with 54 events checked: everything is as it should be.\n"])
      })
    )
  ))

it("says in one line why it cannot, ends with 2, and tells no secret", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const noHeads = join(folder, "none.jsonl")
        yield* Effect.promise(() => writeFile(noHeads, '{"tenantId":"t"}\n'))
        const empty = Redacted.value(yield* freshDatabase)
        const attempts: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
          [[], "give --database-url, DATABASE_URL or --data-dir"],
          [["--database-url", "postgres://u:secret@127.0.0.1:1/orders"], "127.0.0.1:1/orders: connect ECONNREFUSED"],
          [["--database-url", "secret"], "must be like postgres://"],
          [["--database-url", "postgres://u:secret@h/d", "--data-dir", folder], "two places"],
          [["--database-url", empty], "order_lifecycle"]
        ]
        for (const [flags, reason] of attempts) {
          const { code, errors } = yield* verify(flags)
          expect([code, errors.trim().split("\n").length], errors).toEqual([2, 1])
          expect(errors).toContain(reason)
          expect(errors).not.toContain("secret")
        }
        expect(yield* verify(["--nonsense"])).toMatchObject({ code: 2 })
      })
    )
  ))

it("replays under a process from a file: 0 when it allows all, 1 with a line for each order that it would not have allowed", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const folder = yield* temporaryFolder
        const connection = PostgresConnection.layer({ url, maxConnections: 2 })
        const context = yield* Layer.build(Layer.provideMerge(PostgresOrderStore.layerMigrated, connection))
        yield* Effect.provideContext(fillWithOrders(orders), context)
        const inEnvironment = { DATABASE_URL: Redacted.value(url) }
        const file = (name: string, text: string) => {
          const path = join(folder, name)
          return Effect.as(
            Effect.promise(() => writeFile(path, text)),
            path
          )
        }
        const library = JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)
        const refusal = `refusal: { code: "NEVER", message: "Never.", remedy: "None." }`
        const sound = yield* file(
          "sound.ts",
          `import { orderProcess } from ${library}\nexport const ours = orderProcess("ours")\n`
        )
        const strict = yield* file(
          "strict.ts",
          `import { orderProcess } from ${library}
export default orderProcess("ours").guard("neverConfirms", { before: "confirm", holds: () => false, ${refusal} })\n`
        )
        expect(yield* run("replay", ["--process", sound], inEnvironment)).toMatchObject({
          code: 0,
          errors: "",
          output: "16 orders of 2 tenants with 54 events replayed: the process allows all of them.\n"
        })
        expect(yield* verify(["--process", sound], inEnvironment)).toMatchObject({ code: 0, errors: "" })

        const refused = yield* run("replay", ["--process", strict, "--tenant", "tenant-0"], inEnvironment)
        expect([refused.code, refused.errors]).toEqual([1, ""])
        const lines = refused.output.trim().split("\n")
        expect(lines.slice(0, -1).length).toBeGreaterThan(0)
        for (const line of lines.slice(0, -1))
          expect(line).toMatch(
            /^tenant-0 \S+: event 2 \(order\.confirmed\): confirm in pending is refused: NEVER \(neverConfirms does not hold\)$/
          )
        expect(lines.at(-1)).toMatch(new RegExp(`replayed: the process would not have allowed ${lines.length - 1} orders\\.$`))

        const fails = (path: string, told: string | RegExp) =>
          Effect.map(run("replay", ["--process", path], inEnvironment), ({ code, errors, output }) => {
            expect([code, output]).toEqual([2, ""])
            expect(errors.trim()).toMatch(told)
          })
        yield* fails(join(folder, "nowhere.ts"), /^Cannot verify: --process: there is no file .*nowhere\.ts$/)
        yield* fails(
          yield* file("empty.ts", "export const nothing = 1\n"),
          /empty\.ts exports no process that orderProcess made$/
        )
        yield* fails(
          yield* file("wrong.ts", `import { orderProcess } from ${library}\nexport const ours = orderProcess("a b")\n`),
          /the process a b cannot be used:\s+the name of a process must be/
        )
      })
    )
  ))

it("plans due commands: says how many in a dry run, writes what is missing, takes away what is left over, and once only", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const connection = PostgresConnection.layer({ url, maxConnections: 2 })
        const context = yield* Layer.build(Layer.provideMerge(PostgresOrderStore.layerMigrated, connection))
        yield* Effect.provideContext(fillWithOrders(orders), context)
        const sql = Context.get(context, SqlClient.SqlClient)
        const [row] = yield* sql<{ pending: number; active: number }>`
          SELECT (SELECT count(*) FROM order_lifecycle.orders WHERE status = 'pending')::float8 AS pending,
                 (SELECT count(*) FROM order_lifecycle.subscriptions WHERE status = 'active')::float8 AS active`
        const pending = row?.pending ?? 0
        // Each waits for the end of its contract.
        const active = row?.active ?? 0
        expect(pending).toBeGreaterThan(0)
        expect(active).toBeGreaterThan(0)
        const inEnvironment = { DATABASE_URL: Redacted.value(url) }
        const plan = (...flags: ReadonlyArray<string>) =>
          Effect.map(run("due", ["plan", ...flags], inEnvironment), ({ code, output, errors }) => [code, output, errors])
        const extent = "16 orders of 2 tenants"
        const said = (written: number, removed: number) =>
          `${extent}: ${written} due command${written === 1 ? "" : "s"} were written, and ${removed} were taken away.\n`

        const dry = yield* plan("--pending-expires-after", "P2D", "--dry-run")
        expect(dry[1]).toContain(`${pending + active} due command`)
        expect(dry[1]).toContain("would be written, and 0 would be taken away")
        expect(yield* plan("--pending-expires-after", "P2D")).toEqual([0, said(pending + active, 0), ""])
        expect(yield* plan("--pending-expires-after", "P2D")).toEqual([0, said(0, 0), ""])
        expect(yield* verify([], inEnvironment)).toMatchObject({ code: 0 })
        // From when they were placed.
        const rows = yield* sql<{ right: boolean }>`
          SELECT d.at::timestamptz = o.created_at::timestamptz + interval '2 days' AND d.due_at = d.at::timestamptz AS right
            FROM order_lifecycle.due_commands d JOIN order_lifecycle.orders o ON o.tenant_id = d.tenant_id AND o.order_id = d.order_id
           WHERE d.name = 'expire'`
        expect(rows).toEqual(Array.from({ length: pending }, () => ({ right: true })))

        yield* sql`UPDATE order_lifecycle.due_commands SET status = 'onHold' WHERE name = 'expire'`
        expect((yield* verify([], inEnvironment)).output.match(/^D1 .*: due command/gm)?.length).toBe(pending)
        expect(yield* plan()).toEqual([0, said(0, pending), ""])
        expect(yield* verify([], inEnvironment)).toMatchObject({ code: 0 })

        const [code, , errors] = yield* plan("--pending-expires-after", "P1M")
        expect([code, errors]).toEqual([
          2,
          "Cannot plan: planDue.pendingExpiresAfter: months and years are not always equally long: say it in weeks or days\n"
        ])
      })
    )
  ))
