/** The service as a process: how it starts, what it prints, how it says that it cannot start, and how it lives through a lost database. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { Client } from "pg"
import { describe, expect, it } from "vitest"
import { programVersion } from "../../src/lifecycle/programVersion.ts"
import { migrations, migrateTo } from "../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { sharedCompileCache } from "../support/compileCache.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"
import { call, serve, type Served, stop } from "../support/servedProcess.ts"
import { promiseUntil } from "../support/waiting.ts"

const main = fileURLToPath(new URL("../../src/http/main.ts", import.meta.url))

/** Start the service, which is expected to give up. */
const fail = async (settings: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", ...sharedCompileCache(), ...settings }
  })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  return { code, stdout, stderr }
}

const withFolder = (use: (folder: string) => Promise<void>) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(embeddedFolder, (folder) => Effect.promise(() => use(folder)))))
const withDatabase = (use: (url: URL) => Promise<void>) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(freshDatabase, (url) => Effect.promise(() => use(new URL(Redacted.value(url))))))
  )

const withServed = async (settings: Readonly<Record<string, string>>, use: (served: Served) => Promise<void>) => {
  const served = await serve(settings)
  try {
    await use(served)
  } finally {
    await stop(served, "SIGKILL")
  }
}

const order = {
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: [{ sku: "EBIKE-CITY-500", quantity: 1 }]
}

// Most of what these take is waiting, so they wait together.
describe.concurrent("the service", () => {
  it("prints three lines for a shell that do what they say, one JSON line a request, and ends well", ({ expect }) =>
    withFolder((folder) =>
      withServed({ DATA_DIR: folder }, async (served) => {
        await expect.poll(served.output).toContain("/events")
        expect(served.output()).toMatch(/^Opening the embedded database in [^\n]*\n/)
        expect(served.output()).toContain("Warning: API_KEYS is not set")
        const lines = served
          .output()
          .split("\n")
          .filter((line) => /^(ORDER=|curl )/.test(line))
        expect(lines).toHaveLength(3)
        const { stdout } = await promisify(execFile)("sh", ["-c", lines.join("\n")])
        const [orderId, cancelled, events, ...others] = stdout.trim().split("\n")
        expect(orderId).toMatch(/^ord_/)
        expect(JSON.parse(cancelled ?? "")).toEqual({ success: true, message: expect.any(String), orderId })
        expect(JSON.parse(events ?? "")).toMatchObject({
          orderId,
          events: [{ type: "order.placed" }, { type: "order.cancelled", reason: "Customer changed their mind" }]
        })
        expect(others).toEqual([])

        const second = await fail({ DATA_DIR: folder })
        expect([second.code, second.stdout]).toEqual([1, expect.stringMatching(/^Opening the embedded database in [^\n]*\n$/)])
        expect(second.stderr).toMatch(/^DATA_DIR: [^\n]*in use[^\n]*\n$/)
        await withFolder(async (other) => {
          const taken = await fail({ DATA_DIR: other, PORT: new URL(served.url).port })
          expect([taken.code, taken.stderr]).toEqual([1, expect.stringMatching(/^PORT: \d+ is in use on 127\.0\.0\.1\n$/)])
        })

        expect((await call(served.url, "GET", "/health")).body).toEqual({ status: "ok" })
        // Whatever is written into a request, it is one line, and none of it is in that.
        const forged = 'forged\r\n{"level":"fatal","route":"forged"}\u2028\u0085\u001b[31m\u202e'
        await call(served.url, "POST", "/v1/orders/forged/cancel", { reason: forged })
        await call(served.url, "GET", `/v1/orders/${encodeURIComponent(forged)}?${encodeURIComponent(forged)}`)
        expect(await stop(served)).toBe(0)
        const logged = served
          .output()
          .split("\n")
          .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as unknown] : []))
        expect(logged).toMatchObject([
          { route: "/v1/orders", status: 201, level: "info", tenantId: "demo", userId: "developer", orderId },
          { route: "/v1/orders/:orderId/cancel", status: 200 },
          { route: "/v1/orders/:orderId/events", status: 200 },
          { route: "/health", status: 200 },
          { route: "/v1/orders/:orderId/cancel", status: 404, code: "NOT_FOUND", level: "info" },
          { route: "/v1/orders/:orderId", status: 400, code: "VALIDATION_ERROR", level: "info" }
        ])
        const [, ...linesBehindGreeting] = served.output().split(lines.at(-1) ?? "")
        expect(linesBehindGreeting.join("").trim().split("\n")).toHaveLength(logged.length)
        expect(JSON.stringify(logged)).not.toContain("forged")
        expect(JSON.stringify(logged)).not.toContain("mind")
      })
    ))

  it.each([
    ["PORT: must be a whole number from 0 to 65535\n", { PORT: "70000" }],
    ["API_KEYS: [0].userId: is required; [0].tenants: is required\n", { API_KEYS: '[{"key":"a"}]' }],
    ["HOST: cannot listen on 192.0.2.1", { HOST: "192.0.2.1", API_KEYS: '[{"key":"a","userId":"u","tenants":["t"]}]' }]
  ])("does not start with a wrong setting, and says so in one line: %s", (line, settings) =>
    withFolder(async (folder) => {
      const { code, stdout, stderr } = await fail({ DATA_DIR: folder, ...settings })
      // Some of it is found only once the store is open.
      expect([code, stdout, stderr.split("\n").length]).toEqual([1, expect.stringMatching(/^(?:Opening [^\n]*\n)?$/), 2])
      expect(stderr.startsWith(line), stderr).toBe(true)
    })
  )

  it("warns of a name that looks like a setting, also when it stops at another", () =>
    withFolder(async (folder) => {
      const { code, stderr } = await fail({ DATA_DIR: folder, PROT: "80", API_KEY: "secret", HOST: "0.0.0.0" })
      expect([code, ...stderr.trim().split("\n")]).toEqual([
        1,
        "Warning: PROT is not a setting and is not used. Is it meant to be PORT?",
        "Warning: API_KEY is not a setting and is not used. Is it meant to be API_KEYS?",
        expect.stringMatching(/^API_KEYS: must be set/)
      ])
    }))

  it("says that it creates a database before it does", async () => {
    const { code, stdout, stderr } = await fail({ DATA_DIR: "/dev/null/data" })
    expect([code, stdout]).toEqual([1, "Creating the embedded database in /dev/null/data, which takes a few seconds\n"])
    expect(stderr).toMatch(/^DATA_DIR: [^\n]+\n$/)
  })

  it("gives up on a database that cannot be reached, without showing the password", async () => {
    const { code, stderr } = await fail({ DATABASE_URL: "postgres://user:secret@127.0.0.1:9/orders" })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^DATABASE_URL: 127\.0\.0\.1:9\/orders: cannot be reached, for 10 seconds now [^\n]*\n$/)
    expect(stderr).not.toContain("secret")
  })

  it("waits for a migration that takes longer than its patience with a server that cannot be reached, and then serves", () =>
    withDatabase(async (database) => {
      const [begun, waits] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const over = new AbortController()
      const run = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        begun.resolve()
        while (!over.signal.aborted) yield* sql`SELECT pg_sleep(0.05)::text`
      })
      const migrating = Effect.runPromise(
        Effect.provide(
          migrateTo({ ...migrations, "0900_slow": { oldestProgram: "0.2.0", run } }, programVersion),
          PostgresConnection.layer({ url: Redacted.make(database.href), maxConnections: 1 })
        )
      )
      await Promise.race([begun.promise, migrating])
      const serving = serve({ DATABASE_URL: database.href }, (output) => {
        if (output.includes("waiting for another process that is bringing the tables up to date")) waits.resolve()
      })
      await Promise.race([waits.promise, serving])
      // Another service starts now and runs out of patience: so has the one that waits, for a longer time.
      expect((await fail({ DATABASE_URL: "postgres://user:secret@127.0.0.1:9/orders" })).stderr).toContain("for 10 seconds now")
      over.abort()
      expect(await migrating).toContain("0900_slow")
      const served = await serving
      try {
        expect(await call(served.url, "POST", "/v1/orders", order)).toMatchObject({ status: 201 })
      } finally {
        await stop(served, "SIGKILL")
      }
    }))

  it("does not wait for what waiting cannot heal, and gives the server's own words", () =>
    withDatabase(async (database) => {
      const nowhere = new URL(database)
      nowhere.pathname = "/nowhere"
      const nobody = new URL(database)
      nobody.username = "nobody"
      for (const [url, line] of [
        [nowhere, /: database "nowhere" does not exist \(SQLSTATE 3D000\)\n$/],
        [nobody, /: (password authentication failed for user "nobody"|role "nobody" does not exist) \(SQLSTATE 28\w{3}\)\n$/]
      ] as const) {
        const { code, stderr } = await fail({ DATABASE_URL: url.href })
        expect([code, stderr.split("\n").length]).toEqual([1, 2])
        expect(stderr).toMatch(line)
        expect(stderr).not.toContain("cannot be reached")
      }
    }))

  it("says which PostgreSQL wrote a folder that this one cannot read", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "postgres", "PG_VERSION"), "17\n")
      const { code, stderr } = await fail({ DATA_DIR: folder })
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^DATA_DIR: [^\n]*its database is of PostgreSQL 17, and this PGlite is PostgreSQL 18: dump it [^\n]*\n$/
      )
    }))

  it("has everything in the schema that DATABASE_SCHEMA names, in as many parts as DATABASE_PARTITIONS says", ({ expect }) =>
    withDatabase((database) =>
      withServed({ DATABASE_URL: database.href, DATABASE_SCHEMA: "orders_eu", DATABASE_PARTITIONS: "2" }, async (served) => {
        expect((await call(served.url, "POST", "/v1/orders", order)).status).toBe(201)
        const client = new Client({ connectionString: database.href })
        await client.connect()
        expect((await client.query("SELECT status FROM orders_eu.orders")).rows).toEqual([{ status: "pending" }])
        const parts = "SELECT count(*)::int AS parts FROM pg_inherits WHERE inhparent = 'orders_eu.orders'::regclass"
        expect((await client.query(parts)).rows).toEqual([{ parts: 2 }])
        expect((await client.query("SELECT to_regnamespace('order_lifecycle') AS other")).rows).toEqual([{ other: null }])
        await client.end()
        expect(await stop(served, "SIGTERM")).toBe(0)
      })
    ))

  it("waits for a database that is late, answers 503 while it is gone, and goes on when it is back", ({ expect }) =>
    withDatabase(async (database) => {
      // A door in front of the database that can be shut.
      let [isOpen, refused] = [false, 0]
      const sockets = new Set<Socket>()
      const door = createServer((client) => {
        if (!isOpen) return void (client.destroy(), refused++)
        const server = connect(Number(database.port), database.hostname)
        for (const socket of [client, server]) {
          sockets.add(socket)
          socket.on("error", () => {})
          socket.on("close", () => {
            client.destroy()
            server.destroy()
          })
        }
        client.pipe(server).pipe(client)
      })
      await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve))
      const address = door.address()
      const url = new URL(database)
      url.host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`
      const late = promiseUntil(() => refused > 0).then(() => (isOpen = true))
      try {
        await withServed({ DATABASE_URL: url.href }, async (served) => {
          await late
          expect((await call(served.url, "POST", "/v1/orders", order)).status).toBe(201)
          isOpen = false
          for (const socket of sockets) socket.destroy()
          await expect
            .poll(async () => {
              const { status, body } = await call(served.url, "GET", "/v1/orders")
              return [status, (body["error"] as { code: string } | undefined)?.code]
            })
            .toEqual([503, "UNAVAILABLE"])
          // A line of the log may come after the answer it is about.
          const told = () => /^.*"status":503.*\}$/m.exec(served.output())?.[0] ?? ""
          await promiseUntil(() => told() !== "")
          const lost = told()
          expect(JSON.parse(lost)).toMatchObject({ level: "warn", code: "UNAVAILABLE", tenantId: "demo", userId: "developer" })
          expect((JSON.parse(lost) as { cause: string }).cause).toMatch(/connect|ECONN|terminat|closed/i)
          expect((await call(served.url, "GET", "/health")).status).toBe(200)
          isOpen = true
          await expect.poll(async () => (await call(served.url, "GET", "/v1/orders")).status).toBe(200)
          expect((await call(served.url, "POST", "/v1/orders", order)).status).toBe(201)
          expect(await stop(served, "SIGINT")).toBe(0)
        })
      } finally {
        for (const socket of sockets) socket.destroy()
        door.close()
      }
    }))
})
