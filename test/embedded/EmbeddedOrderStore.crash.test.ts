/** A data folder belongs to one process, and what that process has acknowledged is there after it was killed. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdir, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { verifyChain } from "../../src/order/auditChain.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { freshTenant, headOf, placing } from "../../src/testing/contractOrders.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { until } from "../support/waiting.ts"

const script = fileURLToPath(new URL("../support/embeddedProcess.ts", import.meta.url))
const kills = Number(process.env["KILLS"] ?? 4)

/** Options of Node for a process that is killed when it moves what it has made into place: that is as late as half way can be. */
const dyingAtRename = [
  "--import",
  `data:text/javascript,${encodeURIComponent(
    `import files from "node:fs/promises"
     import { syncBuiltinESMExports } from "node:module"
     files.rename = () => process.kill(process.pid, "SIGKILL")
     syncBuiltinESMExports()`
  )}`
]

/** A process of its own on the folder, and the lines it has printed. It is killed when the scope closes, if not before. */
const processOn = (folder: string, task: "hold" | "work", options: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [...options, script, folder, task], { stdio: ["ignore", "pipe", "pipe"] })
      let [output, errors] = ["", ""]
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")))
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")))
      // A line that was cut off was not said.
      const lines = () =>
        output
          .slice(0, output.lastIndexOf("\n") + 1)
          .split("\n")
          .slice(0, -1)
      return { child, lines, errors: () => errors }
    }),
    ({ child }) => kill(child)
  )

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "close")
    child.kill("SIGKILL")
    await ended
  })

/** Wait until the process has printed so many lines. */
const printed = (
  { child, lines, errors }: { child: ChildProcess; lines: () => ReadonlyArray<string>; errors: () => string },
  count: number
) =>
  Effect.gen(function* () {
    yield* until(() => lines().length >= count || child.exitCode !== null)
    if (lines().length < count) throw new Error(`the process has ended: ${errors()}`)
  })

/** Open the folder in this process, and close it again. */
const opened = <A, E>(folder: string, use: Effect.Effect<A, E, OrderStore>) =>
  Effect.provide(use, Layer.fresh(EmbeddedOrderStore.layer(folder)))

describe("a data folder", () => {
  it("that another process has open is refused in one line, and that process is not disturbed", () =>
    Effect.gen(function* () {
      const folder = yield* embeddedFolder
      const other = yield* processOn(folder, "work")
      yield* printed(other, 2)
      const error = yield* Effect.flip(opened(folder, Effect.void))
      expect(error._tag).toBe("DataFolderInUse")
      expect(error.message).toBe(`The data folder ${folder} is in use by another process. Stop that one, or use another folder.`)
      // A third process fares the same, and says so.
      const third = yield* processOn(folder, "hold")
      const [code] = yield* Effect.promise(() => once(third.child, "close"))
      expect([code, third.errors()]).toEqual([1, `${error.message}\n`])
      yield* printed(other, other.lines().length + 5)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is free again as soon as its process is killed, and as soon as it is closed", () =>
    Effect.gen(function* () {
      const folder = yield* embeddedFolder
      const other = yield* processOn(folder, "hold")
      yield* printed(other, 1)
      yield* kill(other.child)
      const placement = placing(freshTenant())
      yield* opened(
        folder,
        Effect.gen(function* () {
          const store = yield* OrderStore
          expect(yield* store.commit([placement])).toEqual(["committed"])
          const again = yield* Effect.flip(opened(folder, Effect.void))
          expect(again._tag).toBe("DataFolderInUse")
        })
      )
      const { order } = headOf(placement)
      const loaded = yield* opened(
        folder,
        Effect.flatMap(OrderStore, (store) => store.load([{ tenantId: order.tenantId, order: { orderId: order.orderId } }]))
      )
      expect(loaded[0]?.order).toEqual(order)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("that cannot be one is refused in one line", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "file")
      yield* Effect.promise(() => writeFile(file, "not a folder"))
      const error = yield* Effect.flip(opened(file, Effect.void))
      expect(error._tag).toBe("DataFolderUnusable")
      expect(error.message).toContain(`The data folder ${file} cannot be used: `)
      expect(error.message).not.toContain("\n")
    }).pipe(Effect.scoped, Effect.runPromise))

  it("whose place for the database holds something else is refused, and nothing is written into it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.promise(() => mkdir(join(folder, "postgres")))
      yield* Effect.promise(() => writeFile(join(folder, "postgres", "index.ts"), "export {}"))
      const error = yield* Effect.flip(opened(folder, Effect.void))
      expect(error.message).toContain("holds other files than a database's: use a folder of its own")
      expect(yield* Effect.promise(() => readdir(join(folder, "postgres")))).toEqual(["index.ts"])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("whose first start was killed half way is started anew", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const first = yield* processOn(folder, "hold", dyingAtRename)
      yield* until(() => first.child.signalCode === "SIGKILL")
      expect([existsSync(join(folder, "postgres.unfinished")), existsSync(join(folder, "postgres"))]).toEqual([true, false])
      yield* opened(
        folder,
        Effect.flatMap(OrderStore, (store) =>
          Effect.map(store.commit([placing(freshTenant())]), (outcomes) => expect(outcomes).toEqual(["committed"]))
        )
      )
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("an embedded database", () => {
  it(`that is killed ${kills} times while it works has lost nothing that it acknowledged`, () =>
    Effect.gen(function* () {
      const folder = yield* embeddedFolder
      const acknowledged: Array<string> = []
      for (let round = 0; round < kills; round++) {
        const worker = yield* processOn(folder, "work")
        yield* printed(worker, 10 + round * 7)
        yield* kill(worker.child)
        acknowledged.push(...worker.lines().filter((line) => line !== "ready"))
      }
      expect(acknowledged.length).toBeGreaterThan(kills * 8)
      yield* opened(
        folder,
        Effect.gen(function* () {
          const store = yield* OrderStore
          const tenantId = TenantId.make("tenant")
          const orders = yield* store.load(
            acknowledged.map((orderId) => ({ tenantId, order: { orderId: OrderId.make(orderId) } }))
          )
          expect(orders.filter(({ order }) => order?.cancellation === undefined)).toEqual([])
          for (const orderId of acknowledged) {
            expect(verifyChain(yield* store.history(tenantId, OrderId.make(orderId)))).toBe(null)
          }
        })
      )
    }).pipe(Effect.scoped, Effect.runPromise))
})
