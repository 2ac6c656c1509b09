/** Calls that share statements: each condition under which they may. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { describe, expect, it } from "vitest"
import { TenantId } from "../../src/order/Order.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { shared as asShipped } from "../../src/lifecycle/shared.ts"
import { tried } from "../support/evidence.ts"
import { type Planted, withPlantedSource } from "../support/plantedSource.ts"

/** What is looked at: as it is, or for one test with a bug in it. */
let shared = asShipped

/** A test that is also there to find bugs (below). */
const checks = new Map<string, () => Promise<unknown>>()
const check = (title: string, look: () => Promise<unknown>): void => {
  checks.set(title, look)
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- both are the caller's
  it(title, look)
}

const [north, south] = [TenantId.make("north"), TenantId.make("south")]

type Failure = "unavailable" | "too late, unsent" | "too late, sent"
type Statement = readonly [tenantId: TenantId, ...calls: ReadonlyArray<string>]

/**
 * A store whose statements end when they are let: `together` answers a call with itself in capitals. What a call stands for is its first letter:
 * `!` kills its statement, `?` cannot be done together, `-` fails the statement.
 */
const opened = (namesOf?: (call: string) => ReadonlyArray<string>) => {
  const statements: Array<Statement> = []
  const alone: Array<string> = []
  const gates: Array<Deferred.Deferred<void>> = []
  const call = shared<string, string, Failure>({
    name: "test",
    together: Effect.fnUntraced(function* (tenantId, calls) {
      statements.push([tenantId, ...calls])
      const gate = yield* Deferred.make<void>()
      gates.push(gate)
      yield* Deferred.await(gate)
      if (calls.some((each) => each.startsWith("!"))) return yield* Effect.die("broken")
      if (calls.some((each) => each.startsWith("-"))) return yield* Effect.fail("unavailable" as const)
      return calls.map((each) => (each.startsWith("?") ? undefined : each.toUpperCase()))
    }),
    alone: (_, each) =>
      Effect.suspend(() => {
        alone.push(each)
        return each.startsWith("!") ? Effect.die("broken") : Effect.succeed(`${each.toUpperCase()} alone`)
      }),
    ...(namesOf && { namesOf }),
    tooLate: (isSent) => (isSent ? "too late, sent" : "too late, unsent")
  })
  const begin = (each: string, tenantId = north) => Effect.forkChild(call(tenantId, each), { startImmediately: true })
  /** Let the oldest statement that is under way come back. */
  const end = Effect.suspend(() => {
    const gate = gates.shift()
    return gate === undefined ? Effect.die("no statement is under way") : Deferred.succeed(gate, undefined)
  }).pipe(Effect.andThen(Effect.yieldNow), Effect.andThen(Effect.yieldNow))
  const endAll: Effect.Effect<void> = Effect.suspend(() => (gates.length === 0 ? Effect.void : Effect.andThen(end, endAll)))
  return { statements, alone, begin, end, endAll, isUnderWay: () => gates.length }
}

const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(effect)

describe("calls", () => {
  check("have a statement of their own at once, as long as one is free", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, endAll } = opened()
        const fibers = [yield* begin("a"), yield* begin("b")]
        expect(statements).toEqual([
          [north, "a"],
          [north, "b"]
        ])
        yield* endAll
        expect(yield* Fiber.joinAll(fibers)).toEqual(["A", "B"])
      })
    )
  )

  check("go together when both are under way, each with its own answer, and never more than two statements at once", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, end, endAll, isUnderWay } = opened()
        const fibers: Array<Fiber.Fiber<string, Failure>> = []
        for (const each of ["a", "b", "c", "d", "e"]) fibers.push(yield* begin(each))
        expect(isUnderWay()).toBe(2)
        yield* end
        expect(statements.slice(2)).toEqual([[north, "c", "d", "e"]])
        expect(isUnderWay()).toBe(2)
        yield* endAll
        expect(yield* Fiber.joinAll(fibers)).toEqual(["A", "B", "C", "D", "E"])
      })
    )
  )

  check("of one tenant make one statement, and tenants take turns however much one of them asks", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, endAll } = opened()
        const fibers = [yield* begin("a"), yield* begin("b")]
        for (let n = 0; n < 250; n++) fibers.push(yield* begin(`n${n}`))
        fibers.push(yield* begin("s", south))
        yield* endAll
        yield* Fiber.joinAll(fibers)
        const inTurn = statements.slice(2).map(([tenantId, ...calls]) => [tenantId, calls.length])
        expect(inTurn).toEqual([
          [north, 100],
          [south, 1],
          [north, 100],
          [north, 50]
        ])
      })
    )
  )

  check("that have something in common do not go together, and keep their order", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, endAll } = opened((call) => [call.slice(0, 1)])
        const fibers = [yield* begin("x"), yield* begin("y")]
        for (const each of ["a1", "b1", "a2", "c1", "a3", "b2"]) fibers.push(yield* begin(each))
        yield* endAll
        yield* Fiber.joinAll(fibers)
        expect(statements.slice(2)).toEqual([
          [north, "a1", "b1", "c1"],
          [north, "a2", "b2"],
          [north, "a3"]
        ])
      })
    )
  )
})

describe("calls that queued for a statement that took long", () => {
  /** Five thousand calls of one name, each of which needs a statement of its own. */
  const queued = Effect.fnUntraced(function* (later: Effect.Effect<void>) {
    const gate = yield* Deferred.make<void>()
    let asked = 0
    const call = shared<number, number, Failure>({
      name: "test",
      together: (_, calls) => Effect.as(calls.includes(0) || calls.includes(1) ? Deferred.await(gate) : later, calls),
      alone: () => Effect.die("not alone"),
      namesOf: () => {
        asked++
        return ["the same"]
      },
      tooLate: (isSent) => (isSent ? "too late, sent" : "too late, unsent")
    })
    const numbers = Array.from({ length: 5_000 }, (_, n) => n)
    const all = yield* Effect.forkChild(
      Effect.forEach(numbers, (n) => call(north, n), { concurrency: "unbounded" }).pipe(
        Effect.provideService(Deadline, "10 minutes")
      ),
      { startImmediately: true }
    )
    yield* Deferred.succeed(gate, undefined)
    expect(yield* Fiber.join(all)).toEqual(numbers)
    return asked
  })

  check("are all answered, however soon the statements after it end", () =>
    run(Effect.map(queued(Effect.void), (asked) => expect(asked).toBe(5_000)))
  )

  check("have been asked once for their names", () =>
    run(Effect.map(queued(Effect.yieldNow), (asked) => expect(asked).toBe(5_000)))
  )
})

describe("a statement", () => {
  /** Three calls that go together, and what becomes of each. */
  const together = Effect.fnUntraced(function* (...calls: ReadonlyArray<string>) {
    const store = opened()
    yield* store.begin("a")
    yield* store.begin("b")
    const fibers: Array<Fiber.Fiber<string, Failure>> = []
    for (const each of calls) fibers.push(yield* store.begin(each))
    yield* store.endAll
    expect(store.statements[2]).toEqual([north, ...calls])
    return { exits: yield* Effect.forEach(fibers, Fiber.await), alone: store.alone }
  })

  check("that a call broke is undone, and the call alone bears it", () =>
    run(
      Effect.gen(function* () {
        const { exits, alone } = yield* together("c", "!", "d")
        expect(exits).toEqual([Exit.succeed("C alone"), Exit.die("broken"), Exit.succeed("D alone")])
        expect(alone).toEqual(["c", "!", "d"])
      })
    )
  )

  check("that cannot even be made dies with its call, and those after it have theirs", () =>
    run(
      Effect.gen(function* () {
        const make = (each: string): string => {
          if (each.startsWith("!")) throw new Error("cannot be made")
          return each.toUpperCase()
        }
        const call = shared<string, string, Failure>({
          name: "test",
          together: (_, calls) => Effect.succeed(calls.map(make)),
          alone: (_, each) => Effect.succeed(`${make(each)} alone`),
          tooLate: (isSent) => (isSent ? "too late, sent" : "too late, unsent")
        })
        const exits = yield* Effect.forEach(["!", "!", "!", "a"], (each) => Effect.exit(call(north, each)))
        expect(exits.map(Exit.hasDies)).toEqual([true, true, true, false])
        expect(exits[3]).toEqual(Exit.succeed("A"))
      }).pipe(Effect.provideService(Deadline, "1 second"))
    )
  )

  check("that leaves a call out has it done alone, and nothing else", () =>
    run(
      Effect.gen(function* () {
        const { exits, alone } = yield* together("c", "?", "d")
        expect(exits).toEqual([Exit.succeed("C"), Exit.succeed("? alone"), Exit.succeed("D")])
        expect(alone).toEqual(["?"])
      })
    )
  )

  check("that fails fails for all of them", () =>
    run(
      Effect.gen(function* () {
        const { exits, alone } = yield* together("c", "-", "d")
        expect(exits).toEqual([Exit.fail("unavailable"), Exit.fail("unavailable"), Exit.fail("unavailable")])
        expect(alone).toEqual([])
      })
    )
  )

  check("is counted with its size and its wait", () =>
    run(
      Effect.gen(function* () {
        yield* together("c", "d", "e")
        const states = (yield* Metric.snapshot).filter(({ attributes }) => attributes?.["statement"] === "test")
        expect(states.map(({ id }) => id).toSorted()).toEqual([
          "order_lifecycle_statement_calls",
          "order_lifecycle_statement_wait_ms"
        ])
        for (const { state } of states) expect((state as { readonly count: number }).count).toBeGreaterThan(2)
      })
    )
  )
})

describe("a caller who leaves", () => {
  check("before the statement has gone takes the call along", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, endAll } = opened()
        const fibers = [yield* begin("a"), yield* begin("b")]
        const leaving = yield* begin("c")
        const last = yield* begin("d")
        yield* Fiber.interrupt(leaving)
        yield* endAll
        yield* Fiber.joinAll([...fibers, last])
        expect(statements.slice(2)).toEqual([[north, "d"]])
      })
    )
  )

  check("afterwards changes nothing for the others, and the statement ends", () =>
    run(
      Effect.gen(function* () {
        const { alone, begin, end, endAll, statements } = opened()
        yield* begin("a")
        yield* begin("b")
        const [leaving, staying] = [yield* begin("?"), yield* begin("d")]
        yield* end
        expect(statements.at(-1)).toEqual([north, "?", "d"])
        yield* Fiber.interrupt(leaving)
        yield* endAll
        expect(yield* Fiber.join(staying)).toBe("D")
        // What was not done is not wished for any more.
        expect(alone).toEqual([])
      })
    )
  )

  check("early does not shorten the time of the others in the statement", () =>
    run(
      Effect.gen(function* () {
        const [isBusy, mayEnd] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const deadlines: Array<unknown> = []
        const call = shared<string, string, Failure>({
          name: "test",
          together: Effect.fnUntraced(function* (_, calls) {
            deadlines.push(yield* Deadline)
            yield* Deferred.await(deadlines.length <= 2 ? isBusy : mayEnd)
            return calls
          }),
          alone: () => Effect.die("not alone"),
          tooLate: (isSent) => (isSent ? "too late, sent" : "too late, unsent")
        })
        const begin = (each: string, deadlineMs: number) =>
          Effect.forkChild(Effect.provideService(call(north, each), Deadline, deadlineMs), { startImmediately: true })
        const busy = [yield* begin("a", 60_000), yield* begin("b", 60_000)]
        const [hasty, patient] = [yield* begin("c", 20), yield* begin("d", 60_000)]
        yield* Deferred.succeed(isBusy, undefined)
        yield* Fiber.joinAll(busy)
        expect(yield* Fiber.await(hasty)).toMatchObject({ _tag: "Failure" })
        yield* Deferred.succeed(mayEnd, undefined)
        expect(yield* Fiber.join(patient)).toBe("d")
        expect(deadlines).toEqual([60_000, 60_000, 60_000])
      })
    )
  )

  check("never, or in a month, is waited for", () =>
    run(
      Effect.gen(function* () {
        const { begin, endAll } = opened()
        const soon = yield* Effect.provideService(begin("a"), Deadline, "30 days")
        const ever = yield* Effect.provideService(begin("b"), Deadline, Infinity)
        // A timer that does not hold so much would have gone off before this one.
        const hasty = yield* Effect.provideService(begin("c"), Deadline, 1)
        expect(yield* Fiber.await(hasty)).toEqual(Exit.fail("too late, unsent"))
        yield* endAll
        expect(yield* Fiber.joinAll([soon, ever])).toEqual(["A", "B"])
      })
    )
  )

  check("because there is no answer in time is told whether it was sent, and waiting for a statement counts", () =>
    run(
      Effect.gen(function* () {
        const { statements, begin, endAll } = opened()
        const soon = Effect.provideService(Deadline, "20 millis")
        const fibers = [yield* soon(begin("a")), yield* soon(begin("b")), yield* soon(begin("c"))]
        const exits = yield* Effect.forEach(fibers, Fiber.await)
        expect(exits).toEqual([Exit.fail("too late, sent"), Exit.fail("too late, sent"), Exit.fail("too late, unsent")])
        yield* endAll
        expect(statements).toHaveLength(2)
      })
    )
  )
})

/** Bugs that someone could write into the collector, each with the test that has to find it. */
const bugs: ReadonlyArray<readonly [name: string, planted: ReadonlyArray<Planted>, finder: string]> = [
  [
    "two changes of one order in a statement",
    [["lifecycle/shared.ts", "if (each.names.some((name) => names.has(name))) continue", ""]],
    "that have something in common do not go together, and keep their order"
  ],
  [
    "a defect that fails its neighbours",
    [["lifecycle/shared.ts", "const isDefect = batch.length > 1 && ", "const isDefect = batch.length > 100 && "]],
    "that a call broke is undone, and the call alone bears it"
  ],
  [
    "a caller who leaves and takes the statement of the others along",
    [
      [
        "lifecycle/shared.ts",
        "Effect.runForkWith(Context.add(first.context, Deadline, deadlineMs))(work).addObserver(",
        "((first as any).fiber = Effect.runForkWith(Context.add(first.context, Deadline, deadlineMs))(work)).addObserver("
      ],
      [
        "lifecycle/shared.ts",
        "return Effect.sync(() => {\n          stopWaiting()",
        "return Effect.sync(() => {\n          ;(waiting as any).fiber?.interruptUnsafe()\n          stopWaiting()"
      ]
    ],
    "afterwards changes nothing for the others, and the statement ends"
  ],
  [
    "a write that was sent, and is forgotten when its time is up",
    [["lifecycle/shared.ts", "for (const each of batch) each.isSent = true", ""]],
    "because there is no answer in time is told whether it was sent, and waiting for a statement counts"
  ],
  [
    "a lost race that is told as an answer",
    [
      [
        "lifecycle/shared.ts",
        "else if (Exit.isSuccess(exit) || isDefect) each.answer(byItself(each))",
        "else if (isDefect) each.answer(byItself(each))\n        else if (Exit.isSuccess(exit)) each.answer(Effect.fail(tooLate(false)))"
      ]
    ],
    "that leaves a call out has it done alone, and nothing else"
  ],
  [
    "an answer that goes to the wrong call",
    [["lifecycle/shared.ts", "exit.value[position]", "exit.value.at(-1 - position)"]],
    "go together when both are under way, each with its own answer, and never more than two statements at once"
  ],
  [
    "a tenant that is served until it is through",
    [["lifecycle/shared.ts", "queues.delete(tenantId)\n        const batch", "const batch"]],
    "of one tenant make one statement, and tenants take turns however much one of them asks"
  ],
  [
    "a call that waits although a statement is free",
    [["lifecycle/shared.ts", "const mostUnderWay = 2", "const mostUnderWay = 1"]],
    "have a statement of their own at once, as long as one is free"
  ]
]

describe("a bug in the collector is found", () => {
  it.each(bugs)("%s", async (_, planted, finder) => {
    const look = checks.get(finder)
    if (look === undefined) throw new Error(`there is no test of this name: ${finder}`)
    await withPlantedSource(planted, async (load) => {
      shared = (await load<{ readonly shared: typeof asShipped }>("lifecycle/shared.ts")).shared
      try {
        const isFound = await look().then(
          () => false,
          () => true
        )
        expect(isFound).toBe(true)
      } finally {
        shared = asShipped
      }
    })
    tried("bugs in the collector of calls, each found")
  })
})
