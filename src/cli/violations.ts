/** Looking for what must never happen (`--soak`), making what a scenario has shown small, and playing it again (`--replay`). */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import type { Report } from "../simulation/compare.ts"
import { scriptOfViolation } from "../simulation/explainViolation.ts"
import { hunt, type Quarry } from "../simulation/hunt.ts"
import { type PlayOptions, playScript } from "../simulation/playScript.ts"
import { printScript } from "../simulation/printScript.ts"
import { ScriptJson } from "../simulation/Script.ts"
import { notJudgedLine } from "../simulation/report/words.ts"
import { type Chase, hunterPool } from "../simulation/workers/workerPool.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { reasonOf } from "./CannotVerify.ts"
import { showProgress } from "./progressBar.ts"
import { FoundViolations } from "./verifyCommand.ts"

/** The process that a simulation is under, and its second account, as far as there are any. */
export type OwnProcess = Pick<PlayOptions, "process" | "ownAccount">

/** How long, as people write it: `90s`, `10m`, `2h`. */
export const readDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([smh])$/.exec(text) ?? []
  if (amount === undefined) return Option.none()
  const of = { s: Duration.seconds, m: Duration.minutes, h: Duration.hours }[unit ?? ""]
  return Option.fromUndefinedOr(of?.(Number(amount)))
}

/** Play seeds from the first on, on so many threads, until the time is up or one breaks a promise; the policies take turns. */
export const soak = Effect.fnUntraced(function* (
  length: string,
  firstSeed: number,
  orders: number,
  workers: number,
  own: OwnProcess
) {
  const duration = readDuration(length)
  if (Option.isNone(duration)) return yield* new CannotSimulate({ message: `--soak ${length}: must be like 90s, 10m or 2h` })
  const forMs = Duration.toMillis(duration.value)
  const startedAt = yield* Clock.currentTimeMillis
  let [now, nextSeed, played] = [startedAt, firstSeed, 0]
  let quarry: Quarry | null = null
  const search = Effect.gen(function* () {
    // A process has functions, which no thread can be given.
    const chase = own.process === undefined ? yield* hunterPool(workers) : huntHere(own)
    yield* showProgress(() => ({ share: Math.min(1, (now - startedAt) / forMs), done: played, unit: "seeds" }))
    const hunter = Effect.gen(function* () {
      while (quarry === null && now - startedAt < forMs) {
        const seed = nextSeed++
        const policy = cancellationPolicyNames[seed % cancellationPolicyNames.length] ?? "noActiveSubscriptions"
        quarry = (yield* chase({ seed, policy, orders })) ?? quarry
        played++
        now = yield* Clock.currentTimeMillis
      }
    })
    yield* Effect.all(
      Array.from({ length: workers }, () => hunter),
      { concurrency: "unbounded", discard: true }
    )
    return quarry
  })
  const extent = Effect.suspend(() =>
    Console.log(`${played} ${played === 1 ? "seed" : "seeds"} from ${firstSeed} on with ${orders} orders each: no violation.`)
  )
  const found = yield* Effect.onInterrupt(Effect.scoped(search), () => Effect.andThen(Console.log("Interrupted."), extent))
  if (found === null) return yield* extent
  return yield* save(found, own)
})

const huntHere =
  (own: OwnProcess) =>
  ({ seed, policy, orders }: Chase): Effect.Effect<Quarry | null> =>
    hunt({ ...own, policy, orders, seeds: [seed] })

/** What a scenario has shown, as the shortest script that shows it too. */
export const explain = Effect.fnUntraced(function* (report: Report, own: OwnProcess) {
  const count = report.violations.length
  for (const violation of report.violations) {
    const { seed } = violation
    const policy = report.scenario.policies.find(({ name }) => name === violation.policy)
    if (policy === undefined) continue
    yield* Console.log(`Looking for the shortest script that shows ${violation.id} of seed ${seed} ...`)
    const script = yield* scriptOfViolation({ scenario: report.scenario, policy, seed, ...own }, violation)
    if (script !== null) return yield* save({ seed, script, findings: report.violations }, own)
  }
  yield* Console.log("None was found that shows it by itself. The same command shows it again.")
  return yield* new FoundViolations({ count })
})

/** Print what was found and save it, so that it can be played again. */
const save = Effect.fnUntraced(function* ({ seed, script, findings }: Quarry, own: OwnProcess) {
  const file = `violation-${seed}.json`
  const files = yield* FileSystem.FileSystem
  yield* Console.log(yield* printScript(script, own))
  yield* Effect.mapError(
    Effect.flatMap(Schema.encodeEffect(ScriptJson)(script), (text) => files.writeFileString(file, `${text}\n`)),
    (error) => new CannotSimulate({ message: `${file}: ${reasonOf(error)}` })
  )
  const under = own.process === undefined ? "" : " --process …"
  yield* Console.log(`\nSaved. To see it again: order-lifecycle simulate --replay ${file}${under}`)
  return yield* new FoundViolations({ count: findings.length })
})

/** Play a saved script and print what happens in it. */
export const replay = Effect.fnUntraced(function* (file: string, own: OwnProcess) {
  const files = yield* FileSystem.FileSystem
  const script = yield* files.readFileString(file).pipe(
    Effect.flatMap(Schema.decodeEffect(ScriptJson)),
    Effect.mapError((error) => new CannotSimulate({ message: `${file}: ${reasonOf(error)}` }))
  )
  yield* Console.log(yield* printScript(script, own))
  const { findings, notJudged } = yield* playScript(script, own)
  if (notJudged) yield* Console.log(notJudgedLine(notJudged))
  if (findings.length > 0) return yield* new FoundViolations({ count: findings.length })
  yield* Console.log("No violation.")
})
