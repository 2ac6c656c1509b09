/**
 * The network and the server fail while orders live: connections are cut at any byte, the other side falls silent, the server is stopped
 * or crashes. Whatever was acknowledged is there, whatever was called unavailable was not done, and whoever was left without an answer gets
 * the true one by asking again under the same key.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderId, type TenantId } from "../../src/order/Order.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { verify } from "../../src/verify/verify.ts"
import { bundled } from "../support/bundled.ts"
import { type Call, judge } from "../support/callLog.ts"
import { amount, sometimes, tried } from "../support/evidence.ts"
import { currentDatabase, settled, shopBehindProxy } from "../support/faultyPostgres.ts"
import { hangMs } from "../support/limits.ts"
import type { Task } from "../support/livingProcess.ts"
import { comparedChanges, loggedChanges, tableOfChanges } from "../support/loggedChanges.ts"
import { lifeOf, live, liveOn, logOfCalls } from "../support/orderLives.ts"
import { databaseNamed, postgresStore } from "../support/postgresDatabase.ts"
import { pick, type Random, seeded, whole } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { applicationName, shopAt } from "../support/shopAt.ts"
import { startPostgres, type StartedPostgres } from "../support/startPostgres.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { anyMoment, until } from "../support/waiting.ts"
import { newCaller, shopOver } from "../support/world.ts"

const run = sharedLayer(shopOver(postgresStore).pipe(Layer.provideMerge(postgresStore)))

/** Nothing is at work any more: hold the log against the store, and count what became of the calls without an answer. */
const judged = Effect.fnUntraced(function* (tenantId: TenantId, calls: ReadonlyMap<string, Call>) {
  yield* settled
  const verdict = yield* judge(tenantId, calls.values())
  expect(verdict.faults.slice(0, 10)).toEqual([])
  sometimes("an unknown outcome had been committed", verdict.unansweredDone)
  sometimes("an unknown outcome had not been committed", verdict.unansweredNotDone)
  tried("transitions held against what their callers were told", verdict.events)
  return verdict
})

const answers = (calls: ReadonlyMap<string, Call>, answer: Call["answer"]) =>
  [...calls.values()].filter((call) => call.answer === answer).length

describe("a connection", () => {
  const cuts = amount(150, 10)

  it(`that is cut ${cuts} times, at any byte of either direction, loses nothing and does nothing twice`, () =>
    seeded((random) =>
      Effect.gen(function* () {
        const { proxy, shop } = yield* shopBehindProxy
        const caller = newCaller()
        const { calls, tell } = logOfCalls()
        let isOver = false
        // Enough to log in, mostly, and then to live for a while.
        proxy.budget = () => (random() < 0.5 ? { requests: whole(random, 0, 40_000) } : { answers: whole(random, 0, 12_000) })
        const lives = yield* Effect.forkChild(
          Effect.provideContext(liveOn({ caller, name: nameOf(random), tell, isOver: () => isOver }, 8), shop)
        )
        while (proxy.cuts < cuts) {
          if (proxy.cuts > cuts / 2 && random() < 0.3) {
            const before = proxy.cuts
            proxy.fault = "cut"
            yield* until(() => proxy.cuts > before)
            sometimes("a connection was cut after the statement and before the answer", proxy.cuts - before)
            proxy.fault = "pass"
          }
          yield* anyMoment(random, 20)
          if (lives.pollUnsafe() !== undefined) break
        }
        isOver = true
        proxy.budget = () => ({})
        yield* Fiber.join(lives)
        // Connections that were made before have budgets still. The pool gets over their end, too.
        proxy.reset()
        yield* until(() => proxy.connections === 0)
        yield* Effect.provideContext(usable(caller), shop)
        tried("connections cut at a random byte", proxy.cuts)
        const verdict = yield* judged(caller.tenantId, calls)
        expect([verdict.unansweredDone, answers(calls, "accepted")].map((count) => count > 0)).toEqual([true, true])
      }).pipe(Effect.scoped, run)
    ))
})

describe("a network that carries nothing for a while", () => {
  const holes = amount(10, 4)

  it(`${holes} times, keeps nobody waiting, loses nothing and does nothing twice`, () =>
    seeded((random) =>
      Effect.gen(function* () {
        const { proxy, shop } = yield* shopBehindProxy
        const caller = newCaller()
        const { calls, tell } = logOfCalls()
        const left = () => answers(calls, "unknown") + answers(calls, "unavailable")
        let isOver = false
        const lives = yield* liveOn({ caller, name: nameOf(random), tell, isOver: () => isOver }, 8).pipe(
          Effect.provideContext(shop),
          Effect.provideService(Deadline, deadline),
          Effect.provideService(
            Clock.Clock,
            deadlinesOnlyWhile(() => proxy.fault !== "pass")
          ),
          Effect.forkChild
        )
        for (let hole = 0; hole < holes && lives.pollUnsafe() === undefined; hole++) {
          const acknowledged = answers(calls, "accepted")
          yield* until(() => answers(calls, "accepted") >= acknowledged + 20)
          const before = left()
          proxy.fault = pick(random, ["hold requests", "hold answers"])
          // Every other hole stays until everybody has been answered: whoever waits for it to end waits for ever.
          if (hole % 2 === 0) yield* until(() => left() >= before + 8)
          else yield* anyMoment(random, 1_500)
          sometimes("a deadline ran out", left() - before)
          if (random() < 0.5) proxy.reset()
          proxy.fault = "pass"
        }
        isOver = true
        yield* Fiber.join(lives)
        yield* Effect.provideContext(usable(caller), shop)
        tried("black holes", holes)
        expect((yield* judged(caller.tenantId, calls)).events).toBeGreaterThan(holes)
      }).pipe(Effect.scoped, run)
    ))

  // In the long run only, as nothing in it can be hurried: the deadlines are those that users have.
  const inTheLongRun = amount(1) >= 4 ? [3] : []
  it.each(inTheLongRun)(
    "for %d times the usual deadline leaves each caller without an answer each time, and nothing behind",
    (rounds) =>
      seeded((random) =>
        Effect.gen(function* () {
          const { proxy, shop } = yield* shopBehindProxy
          const caller = newCaller()
          const { calls, tell } = logOfCalls()
          const left = () => answers(calls, "unknown") + answers(calls, "unavailable")
          let isOver = false
          const lives = yield* Effect.forkChild(
            Effect.provideContext(liveOn({ caller, name: nameOf(random), tell, isOver: () => isOver }, 8), shop)
          )
          yield* until(() => answers(calls, "accepted") >= 20)
          proxy.fault = pick(random, ["hold requests", "hold answers"])
          const before = left()
          // Each of the eight is told that there is no answer, asks again, and is told so again: as often as there are rounds.
          yield* until(() => left() >= before + 8 * rounds)
          expect(answers(calls, "accepted")).toBeGreaterThanOrEqual(20)
          sometimes("a deadline ran out", left() - before)
          proxy.fault = "pass"
          const acknowledged = answers(calls, "accepted")
          yield* until(() => answers(calls, "accepted") >= acknowledged + 20)
          isOver = true
          yield* Fiber.join(lives)
          yield* Effect.provideContext(usable(caller), shop)
          tried("black holes longer than the usual deadline")
          yield* judged(caller.tenantId, calls)
        }).pipe(Effect.scoped, run)
      )
  )
})

describe("a server of one's own", () => {
  let server: StartedPostgres
  beforeAll(async () => void (server = await startPostgres()))
  afterAll(() => server.stop())

  /** Orders live on the server, eight at a time, while something is done to it. */
  const whileOrdersLive = (
    random: Random,
    disturb: (
      calls: ReadonlyMap<string, Call>,
      answered: (more: number) => Effect.Effect<void>
    ) => Effect.Effect<void, unknown, OrderLifecycle | SqlClient.SqlClient>
  ) =>
    Effect.gen(function* () {
      const shop = yield* shopAt(server.url)
      yield* Effect.provideContext(migrate, shop)
      const caller = newCaller()
      const { calls, tell } = logOfCalls()
      let isOver = false
      const lives = yield* liveOn({ caller, name: nameOf(random), tell, isOver: () => isOver }, 8).pipe(
        Effect.provideContext(shop),
        Effect.forkChild
      )
      const answered = Effect.fnUntraced(function* (more: number) {
        const before = answers(calls, "accepted")
        yield* until(() => answers(calls, "accepted") >= before + more || lives.pollUnsafe() !== undefined)
      })
      yield* Effect.provideContext(disturb(calls, answered), shop)
      isOver = true
      yield* Fiber.join(lives)
      yield* Effect.provideContext(Effect.andThen(usable(caller), judged(caller.tenantId, calls)), shop)
    }).pipe(Effect.scoped, Effect.runPromise)

  it("that is stopped is unavailable, and works on with the same client when it is there again", () =>
    seeded((random) =>
      whileOrdersLive(random, (calls, answered) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const [lifecycle, tenantId] = [yield* OrderLifecycle, newCaller().tenantId]
          for (let stop = 0; stop < amount(3, 3); stop++) {
            yield* answered(30)
            yield* Effect.promise(server.halt)
            const before = answers(calls, "unavailable")
            const orderId = OrderId.make("nowhere")
            const asks: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
              lifecycle.list(tenantId),
              lifecycle.get(tenantId, orderId),
              lifecycle.confirm(newCaller(), orderId),
              lifecycle.cancel(newCaller(), orderId)
            ]
            for (const ask of asks) {
              expect((yield* Effect.flip(ask))._tag).toBe("StoreUnavailable")
              sometimes("a connection was refused")
            }
            yield* until(() => answers(calls, "unavailable") >= before + 8)
            yield* Effect.promise(server.resume)
            yield* answered(30)
            yield* sql`SELECT 1`
          }
        })
      )
    ))

  const crashes = amount(5, 2)
  it(`that crashes ${crashes} times has everything that it acknowledged when it has recovered`, () =>
    seeded((random) =>
      whileOrdersLive(random, (calls, answered) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          for (let crash = 0; crash < crashes; crash++) {
            yield* answered(whole(random, 20, 120))
            if (crash % 5 === 4) {
              yield* Effect.promise(server.crash)
              yield* Effect.promise(server.resume)
            } else {
              // A session that dies may have spoiled what all share, so the server ends all of them and recovers.
              const sessions = yield* sql<{ pid: number }>`
                SELECT pid FROM pg_stat_activity WHERE application_name = ${applicationName} AND pid <> pg_backend_pid()
                 ORDER BY state = 'active' DESC`
              const victim = sessions[0]
              if (victim === undefined) throw new Error("the services have no session on the server")
              process.kill(victim.pid, "SIGKILL")
            }
            // Not by luck on a session of before: there are none.
            yield* answered(16)
            sometimes("a server recovered from a crash")
          }
          // After each crash orders were lived on with.
          expect(answers(calls, "accepted")).toBeGreaterThan(crashes)
          tried("crashes of the server", crashes)
        })
      )
    ))
})

describe("a client", () => {
  const kills = amount(50, 6)

  it(`that is killed ${kills} times with calls open has done what it was told, and each of its calls as a whole or not at all`, () =>
    seeded((random) =>
      Effect.gen(function* () {
        const url = Redacted.value(databaseNamed(yield* currentDatabase))
        const folder = yield* temporaryFolder
        const caller = newCaller()
        const calls = new Map<string, Call>()
        yield* tableOfChanges
        // Starting takes the time, so others start while one lives.
        const waiting = [yield* client(url)]
        for (let kill = 0; kill < kills; kill++) {
          const file = join(folder, `${kill}.jsonl`)
          const [current = yield* client(url)] = waiting.splice(0, 1)
          yield* Effect.promise(() => current.ready)
          while (waiting.length < Math.min(2, kills - kill - 1)) waiting.push(yield* client(url))
          current.start({ tenantId: caller.tenantId, name: nameOf(random), file })
          // Every other one has been answered before it is killed: on a busy machine, no fixed time is enough for that.
          const isEnough = (told: ReadonlyMap<string, Call>) => (kill % 2 === 0 ? told.size > 0 : answers(told, "accepted") > 0)
          yield* until(() => isEnough(readCalls(file)))
          yield* anyMoment(random, 60)
          yield* Effect.promise(() => current.kill())
          const told = readCalls(file)
          const open = answers(told, "none")
          if (open > 0) sometimes("a client was killed with a commit open")
          for (const [requestId, call] of told) calls.set(requestId, call)
        }
        tried("clients killed", kills)
        const killed = yield* judged(caller.tenantId, calls)
        // Each change has its row of the process's own, and each row its change.
        const { changes, apart } = yield* comparedChanges(caller.tenantId)
        expect(changes).toBeGreaterThan(kills)
        expect(apart).toBe(0)
        tried("changes with a row of one's own, under killed clients", changes)
        expect([killed.unansweredDone, killed.unansweredNotDone, answers(calls, "accepted")].map((count) => count > 0)).toEqual([
          true,
          true,
          true
        ])
        // The clients start again, and ask for everything under the same keys.
        const { calls: again, tell } = logOfCalls()
        const names = new Set([...calls.values()].map(({ key }) => lifeOf(key)))
        yield* Effect.forEach(names, (name) => live({ caller, name, session: "again", tell }), {
          concurrency: 8,
          discard: true
        })
        yield* judged(caller.tenantId, new Map([...calls, ...again]))
        tried("lives taken up again after a kill", names.size)
      }).pipe(Effect.scoped, run)
    ))
})

describe("three clients with eight callers each", () => {
  // One of them is killed every five seconds on average.
  const kills = amount(2)

  it(`who live the same lives under the same keys, while ${kills} of them are killed, lose nothing and do nothing twice`, () =>
    seeded((random) =>
      Effect.gen(function* () {
        const url = Redacted.value(databaseNamed(yield* currentDatabase))
        const folder = yield* temporaryFolder
        const caller = newCaller()
        const name = nameOf(random)
        yield* tableOfChanges
        const files: Array<string> = []
        const calls = () => new Map(files.flatMap((file) => [...readCalls(file)]))
        const started = Effect.fnUntraced(function* () {
          const file = join(folder, `${files.length}.jsonl`)
          const process = yield* client(url)
          yield* Effect.promise(() => process.ready)
          // Where the others are, not at the beginning.
          const first = Math.max(0, ...[...calls().values()].map(({ key }) => numberOf(lifeOf(key))))
          process.start({ tenantId: caller.tenantId, name, file, session: `${files.length}.`, first })
          files.push(file)
          return { kill: process.kill, file }
        })
        const clients = [yield* started(), yield* started(), yield* started()]
        for (let kill = 0; kill < kills; kill++) {
          yield* anyMoment(random, 10_000)
          const [victim] = clients.splice(whole(random, 0, clients.length), 1)
          if (victim === undefined) throw new Error("there is no client left")
          yield* until(() => answers(readCalls(victim.file), "accepted") > 0)
          yield* Effect.promise(() => victim.kill())
          clients.push(yield* started())
        }
        for (const { file } of clients) yield* until(() => answers(readCalls(file), "accepted") > 0)
        for (const { kill } of clients) yield* Effect.promise(() => kill())
        tried("clients killed beside others", kills)
        const told = calls()
        yield* judged(caller.tenantId, told)
        // They did get into each other's way: a key was asked for by more than one of them.
        const askers = new Map<string, Set<string>>()
        for (const { key, requestId } of told.values()) {
          const sessions = askers.get(key) ?? new Set()
          askers.set(
            key,
            sessions.add(
              requestId
                .slice(key.length + 1)
                .split(".", 1)
                .join()
            )
          )
        }
        expect([...askers.values()].filter(({ size }) => size > 1).length).toBeGreaterThan(10)
        expect(yield* Stream.runCollect(verify({ tenantId: caller.tenantId, process: loggedChanges }))).toEqual([])
        tried("calls of three processes, of which one after the other is killed", told.size)
      }).pipe(Effect.scoped, run)
    ))
})

/** The number of a life, from its name. */
const numberOf = (life: string): number => Number(life.slice(life.lastIndexOf("-") + 1))

const script = bundled(new URL("../support/livingProcess.ts", import.meta.url))

/** A client in a process of its own (`livingProcess.ts`); it is gone when the scope closes. */
const client = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, [await script(), url], {
        stdio: ["pipe", "pipe", "inherit"]
      })
      const ended = once(child, "exit")
      return {
        ready: Promise.race([
          once(child.stdout, "data"),
          ended.then(([code]) => Promise.reject(new Error(`the client ended with ${String(code)} before it was ready`)))
        ]),
        start: (task: Task) => child.stdin.write(`${JSON.stringify(task)}\n`),
        kill: async () => {
          child.kill("SIGKILL")
          await ended
        }
      }
    }),
    ({ kill }) => Effect.promise(kill)
  )

/** The calls in a file. A last line that was cut off was not written. */
const readCalls = (file: string): ReadonlyMap<string, Call> => {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []
  return new Map(lines.map((line) => JSON.parse(line) as Call).map((call) => [call.requestId, call]))
}

/** A name for a run of lives, which is unlike all others and comes from the seed. */
const nameOf = (random: Random) => `life${whole(random, 0, 2 ** 31).toString(36)}`

/** A deadline shorter than the 8 seconds of users, as the holes are smaller, too. */
const deadline = "400 millis"

/** A clock by which that deadline runs out during a fault only: a busy machine takes longer than that for an answer. */
const deadlinesOnlyWhile = (isFaulty: () => boolean): Clock.Clock => {
  const real = Clock.Clock.defaultValue()
  const isDeadline = (duration: Duration.Duration) => Duration.equals(duration, Duration.fromInputUnsafe(deadline))
  return Object.setPrototypeOf(
    {
      sleep: (duration: Duration.Duration) =>
        isDeadline(duration)
          ? Effect.andThen(real.sleep(duration), Effect.provideService(until(isFaulty), Clock.Clock, real))
          : real.sleep(duration)
    },
    real
  ) as Clock.Clock
}

/**
 * As many calls at once as there are connections, and more: the pool has none that hang. A connection whose end this process has not heard
 * of yet is told as `StoreUnavailable`, at most once for each of the eight.
 */
const usable = (caller: ReturnType<typeof newCaller>) =>
  Effect.forEach(
    Array.from({ length: 24 }),
    () =>
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.list(caller.tenantId, { limit: 1 })).pipe(
        Effect.retry({ times: 8, while: ({ _tag }) => _tag === "StoreUnavailable" })
      ),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.provideService(Deadline, hangMs))
