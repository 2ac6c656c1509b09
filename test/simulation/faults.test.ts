/** Whatever goes wrong between the services and their store, and in whatever company: no promise is broken, and all comes to rest. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { Watcher } from "../../src/simulation/Call.ts"
import { faultKinds, Faults, noFaults, swarm } from "../../src/simulation/Faults.ts"
import { hunt, scriptOf } from "../../src/simulation/hunt.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { describeFinding, printScript } from "../../src/simulation/printScript.ts"
import { randomScript } from "../../src/simulation/randomScript.ts"
import { MadeByCalls, Recorder, type Script, ScriptedCall, ScriptJson } from "../../src/simulation/Script.ts"
import { shrink } from "../../src/simulation/shrink.ts"
import { amount, sometimes, tried } from "../support/evidence.ts"

const orders = 30

/** What happened in a run, by kind. */
const count = (happened: Map<string, number>): Watcher => {
  const add = (what: string) => void happened.set(what, (happened.get(what) ?? 0) + 1)
  return {
    fault: (kind) => add(kind),
    answered: (_, answer) => add(answer.outcome),
    lostRace: () => add("lostRace")
  }
}

describe("a swarm of faults", () => {
  it("breaks no promise, and the same seed does the same again", async () => {
    const happened = new Map<string, number>()
    const runs = amount(100)
    for (let seed = 1; seed <= runs; seed++) {
      const script = scriptOf(seed, { orders, policy: seed % 4 === 0 ? "beforeFulfilment" : "noActiveSubscriptions" })
      const played = await Effect.runPromise(playScript(script, { watchers: [count(happened)] }))
      expect(played.findings.map(describeFinding), `seed ${seed}`).toEqual([])
      expect(await Effect.runPromise(playScript(script)), `seed ${seed}`).toEqual(played)
    }
    tried(`simulated runs of ${orders} orders under a swarm of faults, each played twice`, runs)
    for (const kind of faultKinds) sometimes(`simulated fault: ${kind}`, happened.get(kind) ?? 0)
    // A run of faults in which nobody was ever told that something is unknown, or was too late, has shown nothing.
    for (const what of ["accepted", "refused", "unknown", "unavailable", "lostRace"])
      expect(happened.get(what) ?? 0, what).toBeGreaterThan(runs)
  })

  it.each(faultKinds)("may be of one kind that never ceases: %s", async (kind) => {
    const isCrash = kind === "crashBefore" || kind === "crashAfter"
    const faults = { ...noFaults, [kind]: isCrash ? 0.04 : 0.6 }
    const script = randomScript({ seed: 1, orders, policy: "noActiveSubscriptions", faults })
    const happened = new Map<string, number>()
    const { findings } = await Effect.runPromise(playScript(script, { watchers: [count(happened)] }))
    expect(findings.map(describeFinding)).toEqual([])
    expect(happened.get(kind) ?? 0).toBeGreaterThan(2)
  })

  it("may be an outage of the store from beginning to end", async () => {
    const outages = [{ atDay: 0, hours: 24, share: 1 }]
    const script = randomScript({ seed: 2, orders, policy: "noActiveSubscriptions", faults: { ...noFaults, outages } })
    const early = { ...script, steps: script.steps.filter(({ atMs }) => atMs < script.healAfterMs) }
    let committedAt = Infinity
    const first: Watcher = { committed: (_, now) => void (committedAt = Math.min(committedAt, now)) }
    const { findings } = await Effect.runPromise(playScript(early, { watchers: [first] }))
    expect(findings.map(describeFinding)).toEqual([])
    // Nothing is done until it is over, and then everything that anybody still wants.
    expect(committedAt - Date.parse(script.start)).toBeGreaterThanOrEqual(script.healAfterMs)
  })

  it("is different from seed to seed, and JSON", () => {
    const swarms = Array.from({ length: 50 }, (_, seed) => swarm(seed, 1))
    for (const kind of faultKinds) {
      const withKind = swarms.filter((faults) => faults[kind] > 0).length
      expect(withKind, kind).toBeGreaterThan(10)
      expect(withKind, kind).toBeLessThan(40)
    }
    expect(swarms.map((faults) => Schema.decodeUnknownSync(Faults)(JSON.parse(JSON.stringify(faults))))).toEqual(swarms)
  })
})

describe("a script", () => {
  const script = scriptOf(7, { orders: 20 })

  it("is the same after it was written to a file", () => {
    expect(Schema.decodeSync(ScriptJson)(Schema.encodeSync(ScriptJson)(script))).toEqual(script)
  })

  it("may leave out a request that asks for nothing, and no other", () => {
    const call = (call: object) => Schema.decodeUnknownOption(ScriptedCall)(call)
    expect(call({ type: "confirm", order: 0 })).toEqual(call({ type: "confirm", order: 0, request: {} }))
    expect(call({ type: "confirm", order: 0 })).toMatchObject({ _tag: "Some" })
    expect(call({ type: "cancelSubscription", subscription: 1 })).toMatchObject({ _tag: "None" })
    expect(call({ type: "cancel", request: {} })).toMatchObject({ _tag: "None" })
  })

  it("does the same on a store that is not in this process, for which the world stands still", async () => {
    const elsewhere = await Effect.runPromise(playScript(script, { store: memory }))
    expect(elsewhere).toEqual(await Effect.runPromise(playScript(script)))
  })

  it("that was recorded while another one was played does what that one did", async () => {
    // What was committed, by whose call: ids and times may be others.
    const log = (told: Array<string>): Watcher => ({
      committed: ({ transition: { event } }) => void told.push(`${event.type} ${event.requestId.split("-")[1]}`)
    })
    const [first, second] = [[] as Array<string>, [] as Array<string>]
    const start = Date.parse(script.start)
    const recorder = new Recorder(start)
    const untilHealed: Watcher = { sent: (_, now) => (now - start < script.healAfterMs ? undefined : recorder.heal()) }
    await Effect.runPromise(playScript(script, { watchers: [untilHealed, recorder, log(first)] }))
    expect(recorder.steps.length).toBeGreaterThan(script.steps.length)
    const recorded: Script = { ...script, steps: recorder.steps }
    const { findings } = await Effect.runPromise(playScript(recorded, { watchers: [log(second)] }))
    expect(findings).toEqual([])
    expect(second.toSorted()).toEqual(first.toSorted())
  })

  it("names orders and subscriptions by the calls that make them", async () => {
    const made = new MadeByCalls()
    const calls: Array<unknown> = []
    const translated: Array<unknown> = []
    await Effect.runPromise(
      playScript(
        { ...script, faults: noFaults },
        {
          watchers: [
            {
              committed: (change) => void made.learn(change),
              sent: ({ call }) => {
                calls.push(call)
                translated.push(made.fromScript(made.toScript(call)))
              }
            }
          ]
        }
      )
    )
    expect(calls.length).toBeGreaterThan(50)
    expect(translated).toEqual(calls)
  })

  it("is made as short as it can be, and keeps what others refer to", async () => {
    const kept = script.steps.find(({ call }) => call.type === "startSubscription")?.number
    expect(kept).toBeDefined()
    const stillFails = (candidate: Script) => Effect.succeed(candidate.steps.some(({ number }) => number === kept))
    const shortest = await Effect.runPromise(shrink(script, stillFails))
    expect(shortest.steps.map(({ call }) => call.type)).toEqual(["place", "startSubscription"])
    expect({ ...shortest.faults, outages: [] }).toEqual(noFaults)
  })

  it("is printed with what came of each step", async () => {
    const printed = await Effect.runPromise(printScript(script))
    const lines = printed.split("\n")
    expect(lines[0]).toBe(`seed 7, policy noActiveSubscriptions, ${script.steps.length} steps`)
    expect(lines).toHaveLength(script.steps.length + 1)
    expect(printed).toMatch(/ {2}\d:\d\d\.\d{3} {2}#\d+ (?:north|south) {2}place order A: \d [A-Z]+.* -> accepted \(version 1\)/)
  })

  it("is hunted through until the seeds are used up", async () => {
    const seeds: Array<number> = []
    const quarry = await Effect.runPromise(hunt({ seeds: [1, 2, 3], orders: 5, onPlayed: (seed) => void seeds.push(seed) }))
    expect(quarry).toBeNull()
    expect(seeds).toEqual([1, 2, 3])
  })
})
