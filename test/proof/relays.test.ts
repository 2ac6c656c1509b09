/**
 * Relays in processes of their own on one PostgreSQL, which are killed, and frozen until their leases have run out. What the consumer got,
 * from whichever of them, stands in one file in the order in which it came.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync, readSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import { confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { amount, tried } from "../support/evidence.ts"
import { currentDatabase } from "../support/faultyPostgres.ts"
import { databaseNamed, postgresStore } from "../support/postgresDatabase.ts"
import type { Got, RelayTask, Told } from "../support/relayProcess.ts"
import { seeded, whole } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { anyMoment, until } from "../support/waiting.ts"

const run = sharedLayer(Outbox.layer.pipe(Layer.provideMerge(postgresStore)))

const consumer = "relayed"
const [kills, freezes] = [amount(4, 4), amount(3, 3)]

it(`relays of which ${kills} are killed, and one is frozen ${freezes} times, lose nothing, and repeat what one had in its hands`, () =>
  seeded((random) =>
    Effect.gen(function* () {
      const [outbox, orders] = [yield* Outbox, yield* OrderStore]
      const url = Redacted.value(databaseNamed(yield* currentDatabase))
      const file = join(yield* temporaryFolder, "got.jsonl")
      const descriptor = yield* Effect.acquireRelease(
        Effect.sync(() => openSync(file, "a+")),
        (open) => Effect.sync(() => closeSync(open))
      )
      const written = linesOf(descriptor)
      const relay = (task: Partial<RelayTask> = {}) =>
        relayOf(url, { consumer, leaseMs: 1_000, file, freezeAt: [], dieAt: null, ...task })
      yield* outbox.add(consumer, { from: "beginning" })

      // Events keep coming, a few hundred ahead of the relays.
      const tenants = [freshTenant(), freshTenant()]
      const flowing = { isOver: false }
      let committed = 0
      const flow = yield* Effect.forkChild(
        Effect.gen(function* () {
          while (!flowing.isOver) {
            const placed = tenants.flatMap((tenantId) => Array.from({ length: 10 }, () => placing(tenantId)))
            yield* orders.commit(placed)
            yield* orders.commit(placed.map((change) => next(headOf(change), confirm)))
            committed += 2 * placed.length
            yield* until(() => flowing.isOver || committed - written().got.length < 200)
          }
        })
      )

      yield* Effect.flatMap(relay(), ({ begin }) => begin)
      const frozen = Effect.gen(function* () {
        const sleeper = yield* relay({ freezeAt: Array.from({ length: freezes }, (_, n) => 3 + 25 * n) })
        yield* sleeper.begin
        for (let freeze = 1; freeze <= freezes; freeze++) {
          const stops = () => written().got.filter(({ pid, freezes }) => pid === sleeper.pid && freezes)
          yield* until(() => stops().length === freeze)
          const held = stops().at(-1)
          // Its lease has run out when another one has got the event.
          const isTaken = ({ pid, order, sequence }: Got) =>
            pid !== sleeper.pid && order === held?.order && sequence === held.sequence
          yield* until(() => written().got.some(isTaken))
          sleeper.signal("SIGCONT")
          const answer = () => written().told.find(({ pid, call }) => pid === sleeper.pid && call === held?.call)?.told
          yield* Effect.raceFirst(
            until(() => answer() !== undefined),
            sleeper.lives
          )
          expect(answer()).toMatchObject({ failed: 0, parked: 0 })
          expect(answer()?.lost).toBeGreaterThan(0)
        }
      })
      const killed = Effect.gen(function* () {
        for (let kill = 0; kill < kills; kill++) {
          // With an event in its hands, or at any moment.
          const isByItself = kill % 2 === 0
          const victim = yield* relay({ dieAt: isByItself ? whole(random, 1, 20) : null })
          yield* victim.begin
          if (!isByItself) {
            yield* until(() => written().got.some(({ pid }) => pid === victim.pid))
            yield* anyMoment(random, 30)
            victim.signal("SIGKILL")
          }
          expect(yield* Effect.promise(() => victim.ended)).toBe("SIGKILL")
        }
      })
      yield* Effect.all([frozen, killed], { concurrency: "unbounded" })
      flowing.isOver = true
      yield* Fiber.join(flow)
      yield* until(Effect.map(outbox.consumers(), (lags) => lags.every(({ pending }) => pending === 0)))

      const highest = new Map<string, number>()
      const faults: Array<string> = []
      let repeats = 0
      for (const { order, sequence } of written().got) {
        const last = highest.get(order) ?? 0
        if (sequence > last + 1) faults.push(`event ${sequence} of ${order} after event ${last}`)
        if (sequence <= last) repeats++
        else highest.set(order, sequence)
      }
      expect(faults).toEqual([])
      expect([highest.size, [...highest.values()].filter((last) => last !== 2)]).toEqual([committed / 2, []])

      // A call hands one event out again: the one in its hands when it was killed, or when its lease ran out. Every repeat is of such a one,
      // which is less than the three in a hundred that are promised.
      const callOf = ({ pid, call }: Got | Told) => `${pid} ${call}`
      const delivered = new Map(written().told.map((line) => [callOf(line), line.told.delivered]))
      const inHand = [...Map.groupBy(written().got, callOf)].map(
        ([call, handled]) => handled.length - (delivered.get(call) ?? handled.length - 1)
      )
      expect(Math.max(...inHand)).toBe(1)
      const handedOutAgain = inHand.reduce((sum, each) => sum + each, 0)
      expect(repeats).toBeLessThanOrEqual(handedOutAgain)
      // Those that stopped with an event in their hands are among them.
      expect(repeats).toBeGreaterThanOrEqual(freezes + Math.ceil(kills / 2))
      tried("events handed on by relays that were killed and frozen", committed)
    }).pipe(Effect.scoped, run)
  ))

const script = fileURLToPath(new URL("../support/relayProcess.ts", import.meta.url))

/** A relay in a process of its own (`relayProcess.ts`); it is gone when the scope closes. */
const relayOf = (url: string, task: RelayTask) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [script, url, JSON.stringify(task)], { stdio: ["pipe", "pipe", "inherit"] })
      const ended = once(child, "exit").then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number)
      const ready = Promise.race([
        once(child.stdout, "data"),
        ended.then((how) => Promise.reject(new Error(`the relay ended with ${how} before it was ready`)))
      ])
      return {
        pid: child.pid,
        ended,
        /** Fails when the process ends, so that nothing waits for what it will never do. */
        lives: Effect.flatMap(
          Effect.promise(() => ended),
          (how) => Effect.die(new Error(`the relay ended with ${how}`))
        ),
        begin: Effect.promise(async () => {
          await ready
          child.stdin.write("begin\n")
        }),
        signal: (signal: NodeJS.Signals) => void child.kill(signal)
      }
    }),
    ({ signal, ended }) =>
      Effect.promise(() => {
        signal("SIGKILL")
        return ended
      })
  )

/** What stands in the file by now. */
const linesOf = (descriptor: number) => {
  const lines = { got: [] as Array<Got>, told: [] as Array<Told> }
  const buffer = Buffer.alloc(1 << 16)
  let [position, rest] = [0, ""]
  return () => {
    for (let length = 1; length > 0; position += length) {
      length = readSync(descriptor, buffer, 0, buffer.length, position)
      const parts = (rest + buffer.toString("latin1", 0, length)).split("\n")
      rest = parts.pop() ?? ""
      for (const part of parts) {
        const line = JSON.parse(part) as Got | Told
        if ("told" in line) lines.told.push(line)
        else lines.got.push(line)
      }
    }
    return lines
  }
}
