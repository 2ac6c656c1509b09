/** Whatever a process adds: what is explained, previewed, decided and told is one, and a history folds to the order and verifies. */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { seal, type SealedEvent, verifyChain } from "../../src/order/auditChain.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { decide } from "../../src/order/decide.ts"
import { fold } from "../../src/order/evolve.ts"
import { explain, preview } from "../../src/order/explain.ts"
import { commandNames, type Lifecycle, statusesOf } from "../../src/order/lifecycleTable.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { LibraryStatus, type Order } from "../../src/order/Order.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import type { CancellationPolicy } from "../../src/order/policies/index.ts"
import { possibleCommands } from "../../src/order/possibleCommands.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { orderProcess, type OrderProcess } from "../../src/order/process/orderProcess.ts"
import { WrongProcess } from "../../src/order/process/WrongProcess.ts"
import { commandOf, history, move, occasion } from "../../src/testing/arbitraries.ts"
import { walkHistory } from "../../src/verify/walkHistory.ts"
import { tried } from "../support/evidence.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals are errors.
withoutStackTraces()

const words = (code: string) => ({ code, message: `No: ${code}.`, remedy: `Mend ${code}.` })

const statusNames = ["aside", "parked", "checked"] as const
const ownCommands = ["hold", "resume", "check", "leave"] as const

/** Where the units are in a status, and which statuses of the library have them there. */
const kinds = {
  held: { like: ["confirmed", "held"], library: ["pending", "confirmed"] },
  mixed: { like: ["partial", "mixed"], library: ["partial"] },
  none: { like: ["fulfilled", "none"], library: ["fulfilled"] }
} as const
type Kind = keyof typeof kinds
const kindNames = Object.keys(kinds) as ReadonlyArray<Kind>

/** A process as a list of what is added. Most load; where a command leads astray (`errs`), few do. */
const declared = fc
  .record({
    statuses: fc.array(
      fc.record({ kind: fc.constantFrom(...kindNames), like: fc.nat(1), errs: fc.integer({ min: 0, max: 9 }) }),
      {
        minLength: 1,
        maxLength: statusNames.length
      }
    ),
    refuses: fc.subarray(["confirm", "startSubscription", "cancelSubscription"]),
    commands: fc.subarray([...ownCommands], { minLength: 1 }),
    moves: fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { minLength: 6, maxLength: 16 }),
    counts: fc.boolean(),
    guards: fc.array(fc.record({ before: fc.nat(9), seed: fc.nat(99) }), { maxLength: 3 })
  })
  .map(({ statuses, commands, moves, guards, ...rest }) => {
    const own = statuses.map(({ kind, like, errs }, index) => ({
      name: statusNames[index] ?? "aside",
      kind,
      like: kinds[kind].like[like] ?? kind,
      errs
    }))
    const froms = new Map<string, Record<string, string>>(commands.map((name) => [name, {}]))
    // Each own status can be reached and left by some command, and what else there is goes where chance has it, mostly where units are alike.
    const ways = [
      ...own.flatMap(({ name, kind }, index) => [
        [index, kinds[kind].library[0], name] as const,
        [index + 1, name, kinds[kind].library.at(-1) ?? name] as const
      ]),
      ...moves.map(([command, from, to]) => {
        const kind = kindNames[from % 3] ?? "held"
        const alike = [...kinds[kind].library, ...own.flatMap((each) => (each.kind === kind ? [each.name] : []))]
        const astray = own[0]?.errs === 0 ? [...LibraryStatus.literals] : alike
        return [command, alike[from % alike.length] ?? "pending", astray[to % astray.length] ?? "pending"] as const
      })
    ]
    for (const [command, from, to] of ways) {
      const at = froms.get(commands[command % commands.length] ?? "hold")
      if (at !== undefined) at[from] ??= to
    }
    const before = ["cancel", "startSubscription", "confirm", ...commands]
    return {
      ...rest,
      own,
      commands: [...froms].filter(([, from]) => Object.keys(from).length > 0),
      guards: guards.map((guard) => ({ ...guard, before: before[guard.before % before.length] ?? "cancel" }))
    }
  })

type Builder = OrderProcess & Readonly<Record<"status" | "command" | "guard", (name: string, value: unknown) => Builder>>

const build = ({
  own,
  refuses,
  commands,
  counts,
  guards
}: typeof declared extends fc.Arbitrary<infer A> ? A : never): OrderProcess => {
  const data = Schema.Struct({ count: Schema.optionalKey(Schema.Int) })
  let built = orderProcess("any", { version: 2, data }) as unknown as Builder
  const but = Object.fromEntries(refuses.map((command) => [command, words(`BUT_${command.toUpperCase()}`)]))
  for (const { name, like } of own) {
    const means = like in kinds ? { units: like } : { like }
    built = built.status(name, { description: name, ...means, but })
  }
  for (const [name, from] of commands)
    built = built.command(name, {
      description: name,
      payload: Schema.Struct({ why: Schema.optionalKey(Schema.String) }),
      personal: ["why"],
      event: `order.${name}`,
      from,
      otherwise: words(`NOT_${name.toUpperCase()}`),
      ...(counts && { data: ({ order }: { order: { data: { count?: number } } }) => ({ count: (order.data.count ?? 0) + 1 }) })
    })
  guards.forEach(({ before, seed }, index) => {
    built = built.guard(`guard${index}`, {
      before,
      holds: ({ order, at }: { order: Order; at: string }) => (`${order.version} ${at}`.length + seed) % 4 !== 0,
      refusal: words(`GUARD_${index}`)
    })
  })
  return built
}

/** The lifecycle under a process, if it loads. A process that does not says why. */
const loaded = (policy: CancellationPolicy, process: OrderProcess): Lifecycle | undefined => {
  try {
    return lifecycleOf(policy, process)
  } catch (error) {
    if (!(error instanceof WrongProcess)) throw error
    expect(error.faults.length).toBeGreaterThan(0)
    return undefined
  }
}

describe("under any process", () => {
  it("explanation, preview, decision and list agree, and a history folds, verifies and is judged right", () => {
    const seen = { loaded: 0, refused: 0, own: 0 }
    fc.assert(
      fc.property(
        declared,
        history(4),
        fc.array(fc.tuple(fc.nat(99), move, occasion), { maxLength: 12 }),
        (given, { lifecycle: { policy }, order: first, events: before }, moves) => {
          const lifecycle = loaded(policy, build(given))
          if (lifecycle === undefined) return void seen.refused++
          seen.loaded++
          let order: Order = first
          const events: Array<AuditEvent> = [...before]
          for (const [pick, made, on] of moves) {
            const [own] = given.commands[pick % (given.commands.length * 2)] ?? []
            const command =
              own !== undefined ? ({ type: own, why: "because" } as unknown as OrderCommand) : commandOf(order, made)
            const decided = decide(lifecycle, order, command, on)
            const blockers = explain(lifecycle, order, command, on)
            expect(blockers.length === 0).toBe(Result.isSuccess(decided))
            if (Result.isFailure(decided)) expect(blockers.map(({ code }) => code)).toContain(decided.failure.code)
            const plan = preview(lifecycle, order, command, on)
            expect(plan.blockers).toEqual(blockers)
            expect(plan.plan?.event ?? null).toEqual(Result.isSuccess(decided) ? decided.success.event : null)
            const listed = possibleCommands(lifecycle, order, on)
            expect(listed.map(({ name }) => name)).toEqual(commandNames(lifecycle))
            const possibility = listed.find(({ name }) => name === command.type)
            if (Result.isSuccess(decided)) expect(possibility?.possible).toBe(true)
            if (Result.isFailure(decided)) continue
            if (own !== undefined) seen.own++
            order = decided.success.after
            events.push(decided.success.event)
            expect(statusesOf(lifecycle)).toContain(order.status)
            expect(brokenLaws(order, lifecycle.process)).toEqual([])
          }
          expect(fold(events)).toEqual(order)
          const chain: Array<SealedEvent> = []
          for (const event of events) chain.push(seal(event, chain.at(-1)?.hash ?? null, "0".repeat(64)))
          expect(verifyChain(chain)).toBeNull()
          const walk = walkHistory([lifecycle], events)
          expect(walk.faults).toEqual([])
          expect(walk.order).toEqual(order)
        }
      ),
      { numRuns: 4_000 }
    )
    tried("histories under processes made at random", seen.loaded)
    expect(seen.loaded).toBeGreaterThan(100)
    expect(seen.refused).toBeGreaterThan(100)
    expect(seen.own).toBeGreaterThan(200)
  })
})
