/** The same scripts on PostgreSQL: the faults lie between the services and the store, and no promise is broken there either. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { scriptOf } from "../../src/simulation/hunt.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { describeFinding } from "../../src/simulation/printScript.ts"
import { amount, tried } from "../support/evidence.ts"
import { heldShop, heldShopAccount, heldShopCalls } from "../support/heldShop.ts"
import { postgresStore } from "../support/postgresDatabase.ts"

describe("a swarm of faults before PostgreSQL", () => {
  it("breaks no promise, and everything happens as it does in memory", async () => {
    const runs = amount(3)
    for (let seed = 1; seed <= runs; seed++) {
      const script = scriptOf(seed, { orders: 20 })
      const played = await Effect.runPromise(playScript(script, { store: Layer.orDie(postgresStore) }))
      expect(played.findings.map(describeFinding), `seed ${seed}`).toEqual([])
      expect(played.trace, `seed ${seed}`).toBe((await Effect.runPromise(playScript(script))).trace)
    }
    tried("simulated runs of 20 orders under a swarm of faults on PostgreSQL", runs)
  })

  it("keeps what is due for its moment in virtual time, under a process, too", async () => {
    const script = scriptOf(6, { orders: 12, process: heldShop, ownCalls: heldShopCalls, pendingExpiresAfter: "PT20S" })
    const judged = { process: heldShop, ownAccount: heldShopAccount }
    const played = await Effect.runPromise(playScript(script, { ...judged, store: Layer.orDie(postgresStore) }))
    expect(played.findings.map(describeFinding)).toEqual([])
    expect(played.trace).toBe((await Effect.runPromise(playScript(script, judged))).trace)
  })
})
