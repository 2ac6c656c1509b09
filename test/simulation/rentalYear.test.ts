/** A year in the life of 1,000 orders, with every command in it and things going wrong all the time: no promise is broken. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { definitions } from "../../src/order/commands/definitions.ts"
import { contractEndings } from "../../src/order/contractEnds.ts"
import type { Watcher } from "../../src/simulation/Call.ts"
import { faultKinds, swarm } from "../../src/simulation/Faults.ts"
import { scriptOfRun } from "../../src/simulation/explainViolation.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { describeFinding } from "../../src/simulation/printScript.ts"
import { ScriptJson } from "../../src/simulation/Script.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"
import { scaledTo } from "../../src/simulation/scaledTo.ts"
import { scenarios } from "../../src/simulation/scenarios/index.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"
import { amount, tried } from "../support/evidence.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

withoutStackTraces()

const orders = 1_000
const year = scaledTo(Result.getOrThrow(readScenario(scenarios["rental-year"])), orders)

/** What happened, by kind: what callers were told of, what was given by itself, and what went wrong. */
const count = (happened: Map<string, number>): Watcher => {
  const add = (what: string) => void happened.set(what, (happened.get(what) ?? 0) + 1)
  return {
    committed: ({ transition: { event } }) => add(event.actor.role === "system" ? `${event.type} by itself` : event.type),
    answered: (_, answer) => add(answer.outcome === "refused" ? answer.refusal.code : answer.outcome),
    fault: (kind) => add(kind)
  }
}

/** The longest of the swarm's faults fall into so many hours. */
const hours = year.days * 24

describe(`a year of ${orders} orders`, () => {
  it("with every command and a swarm of faults breaks no promise, whatever is done when a contract ends", async () => {
    const happened = new Map<string, number>()
    const runs = amount(20)
    for (let seed = 1; seed <= runs; seed++) {
      const whenContractEnds = contractEndings[seed % contractEndings.length] ?? "require_action"
      const scenario = { ...year, faults: swarm(seed, hours) }
      const policy = { name: whenContractEnds, whenContractEnds }
      const { violations, figures } = await Effect.runPromise(
        simulateOne({ scenario, policy, seed, watchers: [count(happened)] })
      )
      expect(violations.map(describeFinding), `seed ${seed}, ${whenContractEnds}`).toEqual([])
      expect(figures.orders.placed).toBeGreaterThan(orders * 0.8)
      const { cancelled, returned, boughtOut, completed, upgraded } = figures.subscriptions
      expect(cancelled + returned + boughtOut + completed + upgraded).toBe(figures.units.subscriptionsEnded)
    }
    tried(`simulated years of ${orders} orders under a swarm of faults, with every command`, runs)
    // A year without one of them would show nothing about it.
    for (const { kind } of Object.values(definitions)) expect(happened.get(kind) ?? 0, kind).toBeGreaterThan(runs)
    for (const kind of ["order.cancelled", "subscription.completed", "subscription.extended"])
      expect(happened.get(`${kind} by itself`) ?? 0, kind).toBeGreaterThan(runs)
    for (const what of [...faultKinds.filter(isOfCalls), "unknown", "unavailable", "VERSION_MISMATCH"])
      expect(happened.get(what) ?? 0, what).toBeGreaterThan(2)
  })

  it("is written down as a script with all that its answers depend on", async () => {
    const scenario = scaledTo(year, 100)
    const policy = { name: "renewed", whenContractEnds: "auto_renew_monthly" } as const
    const script = await Effect.runPromise(scriptOfRun({ scenario, policy, seed: 5 }))
    expect(Schema.decodeSync(ScriptJson)(Schema.encodeSync(ScriptJson)(script))).toEqual(script)
    const happened = new Map<string, number>()
    const { findings } = await Effect.runPromise(playScript(script, { watchers: [count(happened)] }))
    expect(findings).toEqual([])
    // Upgrades ask for the length that a product has; contracts that end in a year are renewed.
    expect(happened.get("subscription.upgraded") ?? 0).toBeGreaterThan(0)
    expect(happened.get("subscription.extended by itself") ?? 0).toBeGreaterThan(10)
    expect(happened.get("INVALID_CONTRACT_LENGTH")).toBeUndefined()
  })

  it("is the same again under the same seed", async () => {
    const [policy] = year.policies
    const scenario = { ...scaledTo(year, 200), faults: swarm(3, hours) }
    const run = () => Effect.runPromise(simulateOne({ scenario, policy, seed: 3 }))
    expect(JSON.stringify(await run())).toBe(JSON.stringify(await run()))
  })
})

/** Nothing is delivered in a scenario. */
const isOfCalls = (kind: (typeof faultKinds)[number]): boolean => !/^(consumer|delivery)/.test(kind)
