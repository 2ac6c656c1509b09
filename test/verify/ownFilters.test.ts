/** What lists find orders by of their own data: verified, and written for orders of before. */
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { OrderLifecycle, orderProcess } from "order-lifecycle"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { TenantId } from "../../src/order/Order.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { indexData } from "../../src/verify/indexData.ts"
import { verify } from "../../src/verify/verify.ts"
import { sharedCompileCache } from "../support/compileCache.ts"
import { freshDatabase, postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { laptop, newCaller, requestFor, shopOver } from "../support/world.ts"

const data = Schema.Struct({ channel: Schema.optionalKey(Schema.String), boxes: Schema.optionalKey(Schema.Int) })
/** The process of before, and what became of it. */
const before = orderProcess("filters", { data })
const byChannel = orderProcess("filters", { version: 2, data, filterBy: ["channel"] })
const byBoth = orderProcess("filters", { version: 3, data, filterBy: ["boxes", "channel"] })

const placed = (tenantId: TenantId, own: object, orders = 1) =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    for (let n = 0; n < orders; n++) yield* lifecycle.place({ ...newCaller(), tenantId }, requestFor([laptop, 1]), { data: own })
  })

const violations = (process: OrderProcess | undefined, tenantId: TenantId) =>
  Effect.map(Stream.runCollect(verify({ ...(process && { process }), tenantId })), (found) =>
    found.map(({ id, message }) => `${id}: ${message}`)
  )

const found = (data: Record<string, string | number>, tenantId: TenantId) =>
  Effect.flatMap(OrderStore, (store) =>
    Effect.map(store.listOrders({ tenantId, data, sortBy: "createdAt", sortDir: "asc", limit: 100 }), (rows) => rows.length)
  )

describe("on PostgreSQL", () => {
  const run = sharedLayer(shopOver(Layer.orDie(postgresStore), { process: before }))
  const { tenantId } = newCaller()
  const missing = "F1: lists do not find it by data.channel"

  it("orders of before a filter are not found by it, are told by the process that has it, and are found once they are indexed", () =>
    run(
      Effect.gen(function* () {
        yield* placed(tenantId, { channel: "web", boxes: 2 }, 3)
        yield* placed(tenantId, { boxes: 1 })
        expect(yield* violations(undefined, tenantId)).toEqual([])
        expect(yield* violations(before, tenantId)).toEqual([])
        expect(yield* violations(byChannel, tenantId)).toEqual([missing, missing, missing])
        expect(yield* found({ channel: "web" }, tenantId)).toBe(0)
        const wouldBe = { tenants: 1, orders: 4, indexed: 3, changed: 0 }
        expect(yield* indexData({ process: byChannel, tenantId, dryRun: true })).toEqual(wouldBe)
        expect(yield* violations(byChannel, tenantId)).toHaveLength(3)
        expect(yield* indexData({ process: byChannel, tenantId })).toEqual(wouldBe)
        expect(yield* violations(byChannel, tenantId)).toEqual([])
        expect(yield* found({ channel: "web" }, tenantId)).toBe(3)
        expect(yield* indexData({ process: byChannel, tenantId })).toEqual({ ...wouldBe, indexed: 0 })
      })
    ))

  it("a filter that is new, and one that is gone, are told apart", () =>
    run(
      Effect.gen(function* () {
        expect((yield* violations(byBoth, tenantId)).every((each) => each === "F1: lists do not find it by data.boxes")).toBe(
          true
        )
        expect((yield* indexData({ process: byBoth, tenantId })).indexed).toBe(4)
        expect(yield* found({ boxes: 1 }, tenantId)).toBe(1)
        // What is kept for a filter that is gone is right, and taken away by the next run.
        expect(yield* violations(byChannel, tenantId)).toEqual([])
        expect((yield* indexData({ process: byChannel, tenantId })).indexed).toBe(4)
        expect(yield* found({ boxes: 1 }, tenantId)).toBe(0)
      })
    ))

  it("what a hand has written is found out, and set right", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE order_lifecycle.order_data SET value = '"shop"' WHERE tenant_id = ${tenantId}`
        const wrong = "F1: lists look for it by a value of data.channel that its events do not say"
        expect(yield* violations(undefined, tenantId)).toEqual([wrong, wrong, wrong])
        expect(yield* found({ channel: "shop" }, tenantId)).toBe(0)
        expect((yield* indexData({ process: byChannel })).indexed).toBe(3)
        expect(yield* violations(byChannel, tenantId)).toEqual([])
        yield* sql`UPDATE order_lifecycle.order_data SET created_at = '2000' WHERE tenant_id = ${tenantId}`
        expect(new Set(yield* violations(byChannel, tenantId))).toEqual(
          new Set(["C4: the column created_at of order_data is not the order's"])
        )
        yield* sql`DELETE FROM order_lifecycle.order_data WHERE tenant_id = ${tenantId}`
        expect((yield* indexData({ process: byChannel, tenantId })).indexed).toBe(3)
        expect(yield* violations(byChannel, tenantId)).toEqual([])
      })
    ))
})

it("in memory, where lists look at the orders themselves, there is nothing to index", () =>
  Effect.gen(function* () {
    const { tenantId } = newCaller()
    yield* placed(tenantId, { channel: "web" })
    expect(yield* violations(byBoth, tenantId)).toEqual([])
    expect(yield* indexData({ process: byBoth })).toEqual({ tenants: 1, orders: 1, indexed: 0, changed: 0 })
  }).pipe(Effect.provide(shopOver(memory, { process: before })), Effect.runPromise))

it("the program indexes the orders of a server by a process from a file", () =>
  Effect.gen(function* () {
    const url = yield* freshDatabase
    const store = Layer.provide(PostgresOrderStore.layerMigrated, PostgresConnection.layer({ url, maxConnections: 2 }))
    const { tenantId } = newCaller()
    yield* Effect.provide(placed(tenantId, { channel: "web" }, 2), shopOver(store, { process: before }))
    const file = join(yield* temporaryFolder, "process.mjs")
    const library = fileURLToPath(new URL("../../src/index.ts", import.meta.url))
    const schema = import.meta.resolve("effect/Schema")
    yield* Effect.promise(() =>
      writeFile(
        file,
        `import { orderProcess } from ${JSON.stringify(library)}
import * as Schema from ${JSON.stringify(schema)}
export const ours = orderProcess("filters", { data: Schema.Struct({ channel: Schema.optionalKey(Schema.String) }), filterBy: ["channel"] })`
      )
    )
    const index = (...flags: ReadonlyArray<string>) =>
      Effect.promise(
        () =>
          new Promise<readonly [code: number, output: string]>((resolve) => {
            const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
            const env = { PATH: process.env["PATH"] ?? "", ...sharedCompileCache(), DATABASE_URL: Redacted.value(url) }
            execFile(process.execPath, [program, "data", "index", ...flags], { env }, (error, output, errors) =>
              resolve([typeof error?.code === "number" ? error.code : 0, `${output}${errors}`])
            )
          })
      )
    expect(yield* index("--process", file, "--dry-run")).toEqual([0, "2 orders of 1 tenant: 2 orders would be indexed.\n"])
    expect(yield* index("--process", file, "--tenant", tenantId)).toEqual([0, "2 orders of 1 tenant: 2 orders were indexed.\n"])
    expect(yield* index("--process", file)).toEqual([0, "2 orders of 1 tenant: 0 orders were indexed.\n"])
    expect((yield* index("--process", "none.ts"))[0]).toBe(2)
  }).pipe(Effect.scoped, Effect.runPromise))
