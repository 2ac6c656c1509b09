/** What orders wait for is given by the world's clock: once, at its moment, whatever goes wrong. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { Watcher } from "../../src/simulation/Call.ts"
import { noFaults } from "../../src/simulation/Faults.ts"
import { scriptOf } from "../../src/simulation/hunt.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { describeFinding } from "../../src/simulation/printScript.ts"
import { randomScript } from "../../src/simulation/randomScript.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"
import type { Script } from "../../src/simulation/Script.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"
import { amount, tried } from "../support/evidence.ts"
import { type Planted, withPlanted } from "../support/plantedSource.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

withoutStackTraces()

const orders = 30

/** Counts what is given by itself, and the faults that hit the steps of who gives it. */
const count = (happened: Map<string, number>): Watcher => {
  const add = (what: string) => void happened.set(what, (happened.get(what) ?? 0) + 1)
  return {
    committed: ({ transition: { event } }) => {
      if (event.actor.role === "system") add(event.type)
    },
    fault: (kind, step, sent) => {
      if (sent === null && /due|commit/i.test(step)) add(kind)
    }
  }
}

const expiring = (seed: number): Script =>
  scriptOf(seed, { orders, pendingExpiresAfter: ["PT2S", "PT10S", "PT1M"][seed % 3] ?? "PT2S" })

describe("orders that expire, under a swarm of faults", () => {
  it("are cancelled once each, at their time, and the same seed does the same again", async () => {
    const happened = new Map<string, number>()
    const runs = amount(40)
    for (let seed = 1; seed <= runs; seed++) {
      const script = expiring(seed)
      const played = await Effect.runPromise(playScript(script, { watchers: [count(happened)] }))
      expect(played.findings.map(describeFinding), `seed ${seed}`).toEqual([])
      expect(await Effect.runPromise(playScript(script)), `seed ${seed}`).toEqual(played)
    }
    tried(`simulated runs of ${orders} orders that expire under a swarm of faults, each played twice`, runs)
    expect(happened.get("order.cancelled") ?? 0).toBeGreaterThan(2 * runs)
    for (const kind of ["crashBefore", "crashAfter", "lostAnswer", "unavailable", "conflict", "delay"])
      expect(happened.get(kind) ?? 0, kind).toBeGreaterThan(0)
  })

  it.each(["crashBefore", "crashAfter", "lostAnswer"] as const)("may be one kind that never ceases: %s", async (kind) => {
    const faults = { ...noFaults, [kind]: kind === "lostAnswer" ? 0.5 : 0.05 }
    const script = randomScript({ seed: 3, orders, policy: "noActiveSubscriptions", faults })
    const happened = new Map<string, number>()
    const { findings } = await Effect.runPromise(
      playScript({ ...script, pendingExpiresAfter: "PT5S" }, { watchers: [count(happened)] })
    )
    expect(findings.map(describeFinding)).toEqual([])
    expect(happened.get(kind) ?? 0).toBeGreaterThan(0)
    expect(happened.get("order.cancelled") ?? 0).toBeGreaterThan(0)
  })
})

describe("orders that expire in a scenario", () => {
  it("do under the policy that says so, and under no other", async () => {
    const scenario = Result.getOrThrow(
      readScenario({
        name: "A shop that does not wait for ever",
        days: 2,
        arrivals: { perDay: 60 },
        faults: { crashAfter: 0.005, lostAnswer: 0.02, conflict: 0.1 },
        policies: [{ name: "they stay" }, { name: "after four hours", pendingExpiresAfter: "PT4H" }]
      })
    )
    const [stay, expire] = await Effect.runPromise(
      Effect.forEach(scenario.policies, (policy) => simulateOne({ scenario, policy, seed: 5 }))
    )
    expect([stay?.violations, expire?.violations]).toEqual([[], []])
    expect(expire?.figures.orders.placed).toBe(stay?.figures.orders.placed)
    expect(expire?.figures.orders.cancelled).toBeGreaterThan((stay?.figures.orders.cancelled ?? 0) + 20)
    // Some are still pending in their fifth hour where they stay.
    expect(stay?.figures.hours.toConfirm.max).toBeGreaterThan(5)
    expect(expire?.figures.hours.toConfirm.max).toBeLessThan(4.5)
  })

  it("are refused in months, naming the field", () => {
    const read = readScenario({ name: "x", pendingExpiresAfter: "P1M" })
    expect(Result.isFailure(read) && read.failure.details[0].path).toBe("pendingExpiresAfter")
  })
})

/** The order is not looked at once its moment has come. */
const whateverItsStatus: Planted = [
  "lifecycle/applyCommand.ts",
  "if (due !== undefined && !isAskedFor(due, order, fromMillis(millis))) return Effect.fail(new NotAskedFor())",
  ""
]
const rowsStay: Planted = ["memory/TenantDue.ts", "for (const name of cleared) this.#put(orderId, name, undefined)", ""]

const bugs: ReadonlyArray<readonly [name: string, planted: ReadonlyArray<Planted>, after: string, found: string]> = [
  [
    "a store that hands them out a minute early",
    [["memory/TenantDue.ts", "first.atMs <= nowMs;", "first.atMs <= nowMs + 60_000;"]],
    "PT5S",
    "is given before its moment"
  ],
  ["a row that stays when its order moves on", [rowsStay], "P1D", "waits for expire, and should not"],
  ["an order that expires though it was confirmed", [rowsStay, whateverItsStatus], "PT5S", "the order does not wait for it"],
  [
    "a store that forgets what orders wait for",
    [["memory/TenantDue.ts", "for (const command of set) this.#put(orderId, command.name, newRow(orderId, command))", ""]],
    "PT5S",
    "does not wait for expire any more, which was never given"
  ],
  [
    "a worker that ends what it was to give",
    [["lifecycle/Due.ts", "applyDue(services, caller, asked))", "Effect.fail(new NotAskedFor()))"]],
    "PT5S",
    "does not wait for expire any more, which was never given"
  ],
  [
    "a change that does not say what the order waits for no longer",
    [["order/due.ts", "moved.flatMap(({ status, name }) => (status === before?.status ? [name] : []))", "([] as Array<string>)"]],
    "PT5S",
    "its row stays"
  ],
  [
    "a moment that is wrong by a second",
    [["order/due.ts", "fromMillis(toMillis(came) + afterMs)", "fromMillis(toMillis(came) + afterMs + 1_000)"]],
    "PT5S",
    "and should for expire since 1"
  ]
]

describe("the auditor", () => {
  const script = randomScript({ seed: 3, orders: 20, policy: "noActiveSubscriptions", faults: noFaults })
  // Every second order is left alone until it expires.
  const steps = script.steps.filter(({ call }) => !("order" in call && typeof call.order === "number" && call.order % 2 === 0))

  it.each(bugs)("finds %s", (_, planted, pendingExpiresAfter, said) =>
    withPlanted(planted, async (simulation) => {
      const { findings } = await Effect.runPromise(simulation.playScript({ ...script, steps, pendingExpiresAfter }))
      expect(findings.map(describeFinding).join("\n")).toContain(said)
      tried("bugs planted in what is given by itself, all of them found")
    })
  )
})
