/** Bugs that someone could write are found by a hunt, made small, saved, and shown again by what was saved. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { playScript } from "../../src/simulation/playScript.ts"
import { ScriptJson } from "../../src/simulation/Script.ts"
import { tried } from "../support/evidence.ts"
import { type Planted, withPlanted } from "../support/plantedSource.ts"

/** The store forgets to look at the version, and no longer notices what comes of that. */
const withoutPin: ReadonlyArray<Planted> = [
  ["memory/Tenant.ts", "      versionMoved ||\n", ""],
  ["memory/Tenant.ts", "    assertFits(change, awake)\n", ""]
]

/** Orders come from a cache that is up to date every other version only. */
const withStaleLoads: Planted = [
  "memory/Tenant.ts",
  "order: stored?.awake?.order ?? null,",
  `order: ((cache) => {
     const cached = cache.get(orderId)
     if (stored && (!cached || stored.version >= cached.version + 2)) cache.set(orderId, stored.awake.order)
     return cache.get(orderId) ?? null
   })((this as any).cache ??= new Map()),`
]

/** An order that was confirmed still waits for its expiry, and the worker that gives it asks nothing. */
const expiresWhateverItsStatus: ReadonlyArray<Planted> = [
  ["memory/TenantDue.ts", "for (const name of cleared) this.#put(orderId, name, undefined)", ""],
  [
    "lifecycle/applyCommand.ts",
    "if (due !== undefined && !isAskedFor(due, order, fromMillis(millis))) return Effect.fail(new NotAskedFor())",
    ""
  ]
]

/** What is looked for besides the kind of the finding: what it says, in an order that expires. */
interface Expiry {
  readonly pendingExpiresAfter: string
  readonly said: string
}

const bugs: ReadonlyArray<
  readonly [name: string, planted: ReadonlyArray<Planted>, found: string, mostSteps: number, expiry?: Expiry]
> = [
  [
    "a cancel that releases twice what was held",
    [["order/decide.ts", "held.push({ line, sku, quantity: units.held })", "held.push({ line, sku, quantity: 2 * units.held })"]],
    "S4",
    2
  ],
  [
    "a second cancel that is accepted",
    [["order/orderMachine.ts", 'cancel: { actions: refuse("ALREADY_CANCELLED", "isOpen") }', "cancel"]],
    "T2",
    3
  ],
  ["a store that forgets the version pin", withoutPin.slice(0, 1), "died", 4],
  ["a store that forgets the version pin, and notices nothing", withoutPin, "C2", 4],
  ["a subscription that is started after a cancel", [...withoutPin, withStaleLoads], "T2", 4],
  [
    "a machine that lets a cancelled order start subscriptions",
    [
      [
        "order/orderMachine.ts",
        'startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },\n          ...onEnded',
        "startSubscription,\n          ...onEnded"
      ]
    ],
    "C7",
    3
  ],
  [
    "a placement that is not remembered under its key",
    [
      [
        "memory/Tenant.ts",
        'if (remember) this.remember(remember, { outcome: "accepted"',
        'if (remember && event.sequence > 1) this.remember(remember, { outcome: "accepted"'
      ]
    ],
    "C5",
    3
  ],
  [
    "an unknown outcome that is told as if nothing had been done",
    [
      [
        "lifecycle/applyCommand.ts",
        "store.commit([change])",
        'store.commit([change]).pipe(Effect.catchTag("OutcomeUnknown", giveUp as never))'
      ]
    ],
    "C7",
    3
  ],
  [
    "a release after a cancel",
    [["order/orderMachine.ts", 'release: { actions: refuse("ALREADY_CANCELLED", "isOpen") },', "release,"]],
    "C7",
    3
  ],
  [
    "a return that gives its unit back twice",
    [
      [
        "order/commands/onSubscription.ts",
        "updateLine(order.lines, ending.line, endUnit)",
        'updateLine(status === "ended_early_return" ? updateLine(order.lines, ending.line, endUnit) : order.lines, ending.line, endUnit)'
      ]
    ],
    "died",
    4
  ],
  [
    "a swap that leaves the old device rented",
    [
      [
        "memory/Tenant.ts",
        "if (left !== undefined && isActive(left)) this.#rentedSerials.delete",
        "if (left !== undefined && isActive(left) && !(was && isActive(was) && isActive(is))) this.#rentedSerials.delete"
      ]
    ],
    "C7",
    7
  ],
  [
    "an extension of a subscription that has ended",
    [
      [
        "order/commands/extendSubscription.ts",
        "subscription: standingOf(subscription),",
        'subscription: subscription === undefined ? "unknown" : "active",'
      ]
    ],
    "T1",
    5
  ],
  [
    "an expiry that beats a confirm",
    expiresWhateverItsStatus,
    "D1",
    3,
    { pendingExpiresAfter: "PT5S", said: "the order does not wait for it" }
  ],
  [
    "a version that is expected and not looked at",
    [
      [
        "lifecycle/applyCommand.ts",
        "if (!isExpected(caller.expectedVersion, order)) return Effect.fail(versionMismatch(order))",
        ""
      ]
    ],
    "C1",
    2
  ]
]

describe("a hunt", () => {
  it.each(bugs.map(([name, ...bug]) => [name, bug] as const))(
    "finds %s, and the file it saves shows it again",
    async (_, bug) => {
      const [planted, found, mostSteps, expiry] = bug
      const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-hunt-"))
      const file = join(folder, "script.json")
      try {
        await withPlanted(planted, async (simulation) => {
          const seeds = Array.from({ length: 200 }, (_, index) => index + 1)
          const quarry = await Effect.runPromise(
            simulation.hunt({
              seeds,
              orders: 40,
              ...(expiry && { pendingExpiresAfter: expiry.pendingExpiresAfter }),
              looksFor: ({ id, message }) => id === found && message.includes(expiry?.said ?? "")
            })
          )
          expect(quarry).not.toBeNull()
          if (quarry === null) return
          expect(quarry.findings.map(({ id }) => id)).toContain(found)
          expect(quarry.script.steps.length).toBeLessThanOrEqual(mostSteps)
          await writeFile(file, Schema.encodeSync(ScriptJson)(quarry.script))

          const saved = Schema.decodeSync(ScriptJson)(await readFile(file, "utf8"))
          const again = await Effect.runPromise(simulation.playScript(saved))
          expect(again.findings).toEqual(quarry.findings)
          const printed = await Effect.runPromise(simulation.printScript(saved))
          expect(printed).toContain(`seed ${quarry.seed}`)
          expect(printed).toContain("place order A")

          // It is the bug that it shows: the sources as they are do nothing wrong in the same script.
          expect((await Effect.runPromise(playScript(saved))).findings).toEqual([])
          tried("simulated hunts for planted bugs, each found, made small and shown again")
        })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }
  )
})
