/** A process of the embedding service's own in a simulation: its commands in scripts and scenarios, and what the auditor says of them. */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { OwnData } from "../../src/order/Order.ts"
import type { orderProcess } from "../../src/order/process/orderProcess.ts"
import type { Finding } from "../../src/simulation/Auditor.ts"
import { simulate } from "../../src/simulation/compare.ts"
import type { Watcher } from "../../src/simulation/Call.ts"
import { noFaults } from "../../src/simulation/Faults.ts"
import { hunt, type HuntOptions, scriptOf } from "../../src/simulation/hunt.ts"
import type { OwnAccount } from "../../src/simulation/OwnAccount.ts"
import { type PlayOptions, playScript } from "../../src/simulation/playScript.ts"
import { describeFinding, printScript } from "../../src/simulation/printScript.ts"
import { asText } from "../../src/simulation/report/terminal.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { type Script, ScriptJson } from "../../src/simulation/Script.ts"
import { shrink } from "../../src/simulation/shrink.ts"
import { typeOf } from "../../src/simulation/waits.ts"
import { amount, tried } from "../support/evidence.ts"
import { heldShop, heldShopAccount, heldShopBy, heldShopCalls } from "../support/heldShop.ts"
import { type Planted, withPlanted } from "../support/plantedSource.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

withoutStackTraces()

const orders = 30
const ours = { process: heldShop, ownCalls: heldShopCalls } satisfies Partial<HuntOptions>
const judged: PlayOptions = { process: heldShop, ownAccount: heldShopAccount }
const play = (script: Script, options: PlayOptions) => Effect.runPromise(playScript(script, options))

/** What was committed and refused, by kind and by whom. */
const count = (happened: Map<string, number>): Watcher => {
  const add = (what: string) => void happened.set(what, (happened.get(what) ?? 0) + 1)
  const told = new Set<number>()
  return {
    committed: ({ transition: { event } }) => add(`${event.type} by ${event.actor.userId}`),
    answered: ({ call, number, key }, answer) => {
      if (answer.outcome === "many")
        for (const { outcome } of answer.outcomes)
          if (Result.isFailure(outcome) && "code" in outcome.failure) add(`cancel ${outcome.failure.code}`)
      // What is given again under its key is told again, and not refused a second time.
      if (answer.outcome !== "refused" || (key !== undefined && told.has(number))) return
      told.add(number)
      add(`${call.type === "apply" ? call.command : call.type} ${answer.refusal.code}`)
    }
  }
}

describe("own commands under a swarm of faults", () => {
  it("break no promise, by a second account of the process, and the same seed does the same again", async () => {
    const happened = new Map<string, number>()
    const runs = amount(40)
    for (let seed = 1; seed <= runs; seed++) {
      const expires = seed % 2 === 0 ? {} : { pendingExpiresAfter: "PT30S" }
      const script = scriptOf(seed, { ...ours, ...expires, orders })
      const played = await play(script, { ...judged, watchers: [count(happened)] })
      expect(played.findings.map(describeFinding), `seed ${seed}`).toEqual([])
      expect(played.notJudged).toEqual({ ownCommands: 0, guardRefusals: 0 })
      expect(await play(script, judged), `seed ${seed}`).toEqual(played)
    }
    tried(`simulated runs of ${orders} orders with own commands under a swarm of faults, each played twice`, runs)
    for (const what of [
      "order.held by staff",
      "order.resumed by staff",
      "order.resumed by system",
      "order.reminded by staff",
      "order.reminded by system",
      "order.cancelled by system",
      "hold NOT_HOLDABLE",
      "hold VALIDATION_ERROR",
      "hold HELD_TOO_OFTEN",
      "cancel NOT_REMINDED",
      "startSubscription ON_HOLD"
    ])
      expect(happened.get(what) ?? 0, what).toBeGreaterThan(0)
  })

  it("are counted as not judged where there is no second account, and everything else is judged", async () => {
    const happened = new Map<string, number>()
    const script = scriptOf(5, { ...ours, orders })
    const { findings, notJudged } = await play(script, { process: heldShop, watchers: [count(happened)] })
    expect(findings).toEqual([])
    expect(notJudged?.guardRefusals).toBe(happened.get("cancel NOT_REMINDED"))
    expect(notJudged?.guardRefusals).toBeGreaterThan(1)
    expect(notJudged?.ownCommands).toBeGreaterThan(20)
  })

  it("are played again from a file, printed, and left out where they have nothing to do with what is looked for", async () => {
    const script = scriptOf(7, { ...ours, orders: 10 })
    const text = Schema.encodeSync(ScriptJson)(script)
    expect(await play(Schema.decodeSync(ScriptJson)(text), judged)).toEqual(await play(script, judged))
    const printed = await Effect.runPromise(printScript(script, judged))
    expect(printed).toMatch(/hold order [A-Z]+ \{"why":"address"\}.* -> (?:accepted|NOT_HOLDABLE)/)

    const kept = script.steps.find(({ call }) => call.type === "apply")?.number
    const stillFails = (candidate: Script) => Effect.succeed(candidate.steps.some(({ number }) => number === kept))
    const shortest = await Effect.runPromise(shrink(script, stillFails))
    expect(shortest.steps.map(({ call }) => call.type)).toEqual(["place", "apply"])
  })
})

describe("own commands in a scenario", () => {
  const input: ScenarioInput = {
    name: "Holds",
    days: 3,
    arrivals: { perDay: 40 },
    ownCommands: [
      { command: "hold", payload: { why: "address" }, status: "confirmed", share: 0.5, delayHours: { constant: 1 } },
      { command: "remind", status: "confirmed", share: 0.3, delayHours: { constant: 0.5 } }
    ],
    faults: { crashAfter: 0.002, lostAnswer: 0.01 },
    policies: [{ name: "as it is" }, { name: "they expire", pendingExpiresAfter: "PT6H" }]
  }
  const read = (given: ScenarioInput) => Result.getOrThrow(readScenario(given))

  it("are given to a share of the orders, and the report says what was not judged", async () => {
    const scenario = read(input)
    const known = await Effect.runPromise(simulate({ scenario, seeds: [1, 2], ...judged }))
    expect(known.violations).toEqual([])
    expect(known.notJudged).toEqual({ ownCommands: 0, guardRefusals: 0 })
    // As there is a due command that ends a hold after twenty seconds, units leave all the same.
    const figures = known.policies[0]?.figures
    expect(figures?.["units.subscriptionsStarted"]?.mean).toBeGreaterThan(20)
    expect(known.policies[0]?.overTime.orders["onHold"]?.length).toBeGreaterThan(50)

    const unknown = await Effect.runPromise(simulate({ scenario, seeds: [1, 2], process: heldShop }))
    expect(unknown.policies).toEqual(known.policies)
    expect(unknown.notJudged?.ownCommands).toBeGreaterThan(50)
    expect(asText(unknown)).toContain("Not judged, as there is no second account of the process: ")
    expect(asText(known)).toContain("All answers were judged.")
  })

  it("are refused where the process has none of the name", async () => {
    const scenario = read({
      ...input,
      ownCommands: [
        { command: "hold", status: "confirmed" },
        { command: "fold", status: "confirmed" }
      ]
    })
    const run = Effect.runPromise(simulate({ scenario, seeds: [1], process: heldShop }))
    await expect(run).rejects.toThrow("scenario.ownCommands[1].command: names no command of the process")
  })
})

const given: ReadonlyArray<readonly [name: string, planted: ReadonlyArray<Planted>, found: string]> = [
  [
    "a due command that is given twice",
    [
      [
        "memory/TenantDue.ts",
        "for (const name of cleared) this.#put(orderId, name, undefined)",
        'for (const name of cleared) if (name !== "remind") this.#put(orderId, name, undefined)'
      ],
      [
        "lifecycle/applyCommand.ts",
        "if (bound && remembered) return toldAgain",
        "if (bound && remembered && due === undefined) return toldAgain"
      ],
      ["memory/Tenant.ts", "(remember !== undefined && ", '(remember !== undefined && !remember.key.startsWith(" due") && ']
    ],
    "order.reminded: it is given by itself, and the order does not wait for it, or not any more"
  ],
  [
    "a due command that is given two seconds early",
    [["memory/TenantDue.ts", "first.atMs <= nowMs;", "first.atMs <= nowMs + 2_000;"]],
    "remind is given before its moment"
  ],
  [
    "an answer to an own command that shows another status",
    [
      [
        "lifecycle/applyCommand.ts",
        "? { transition, news: change.sealed }",
        `? { transition: transition.event.to === "onHold" ? { ...transition, after: { ...transition.after, status: "confirmed" } } : transition,
             news: change.sealed }`
      ]
    ],
    "it is shown the order at version"
  ],
  [
    "an own status that refuses nothing",
    [["order/process/ownStates.ts", "...Object.fromEntries(refused) }", "}"]],
    "an order that is onHold refuses it"
  ]
]

describe("the auditor, without a second account,", () => {
  it.each(given)("finds %s", (_, planted, found) =>
    withPlanted(planted, async (simulation) => {
      const process = await heldShopIn(simulation.folder)
      const script = { ...scriptOf(4, { ...ours, orders }), faults: noFaults }
      const { findings } = await Effect.runPromise(simulation.playScript(script, { process }))
      expect(findings.map(describeFinding).join("\n")).toContain(found)
      tried("bugs planted under a process, all of them found")
    })
  )

  /** A store in memory that is spoilt. */
  const spoilt = (spoil: (store: OrderStore["Service"]) => OrderStore["Service"]) =>
    Layer.effect(OrderStore, Effect.map(OrderStore, spoil)).pipe(Layer.provide(memory))

  it("finds a store that loses an own command, and one that loses own data", async () => {
    const script = { ...scriptOf(3, { ...ours, orders }), faults: noFaults }
    const losing = spoilt((store) => ({
      ...store,
      commit: (changes) => {
        const isOwn = changes.some(({ transition: { event } }) => typeOf(event) === "order.held")
        return isOwn ? Effect.succeed(changes.map(() => "committed" as const)) : store.commit(changes)
      }
    }))
    const lost = await play(script, { process: heldShop, store: losing })
    expect(lost.findings.map(({ id }) => id)).toContain("C2")

    const forgetting = spoilt((store) => ({
      ...store,
      load: (requests) =>
        Effect.map(store.load(requests), (loads) =>
          loads.map((loaded) => (loaded.order ? { ...loaded, order: { ...loaded.order, data: noData } } : loaded))
        )
    }))
    const forgot = await play(script, { process: heldShop, store: forgetting })
    expect(forgot.findings.map(describeFinding).join("\n")).toContain("other own data")
  })
})

/** The process, as the copy of the library makes it. */
const heldShopIn = async (folder: string) => {
  const file = join(folder, "src/order/process/orderProcess.ts")
  const copy = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly orderProcess: typeof orderProcess }
  return heldShopBy(copy.orderProcess)
}

const noData = { holds: 0, reminders: 0 } as unknown as OwnData

describe("the auditor, with a second account,", () => {
  it.each([
    [
      "a guard that lets through what it should not",
      "remind",
      "ENOUGH",
      /order\.reminded: it should have been refused with ENOUGH/
    ],
    ["a guard that refuses what it should not", "never", "", /NOT_REMINDED is no answer to it/]
  ])("finds %s, and the shortest script that shows it", async (_, command, code, found) => {
    const other: OwnAccount<{ readonly holds: number; readonly reminders: number }> = {
      ...heldShopAccount,
      codeFor: (known, question) => {
        if (question.command === command && known.reminders > 0) return code
        return question.command === "cancel" ? null : heldShopAccount.codeFor(known, question)
      }
    }
    const looksFor = (finding: Finding) => found.test(describeFinding(finding))
    const quarry = await Effect.runPromise(
      hunt({ ...ours, seeds: [1, 2, 3, 4, 5, 6], orders, ownAccount: other, mostRuns: 150, looksFor })
    )
    expect(quarry?.findings.map(describeFinding).join("\n")).toMatch(found)
    expect(quarry?.script.steps.length).toBeLessThan(6)
  })
})
