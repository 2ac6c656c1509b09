/** The guide for those who write a store: what it names is there, and its example tells good stores from bad ones. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { certify } from "../../docs/examples/certify-a-store.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import * as kit from "../../src/testing/index.ts"

const guide = readFileSync(new URL("../../docs/testing-your-store.md", import.meta.url), "utf8")

describe("the guide to testing a store", () => {
  it("names nothing that is not there", () => {
    const named = [...guide.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    )
    expect(named.length).toBeGreaterThan(8)
    for (const name of named) expect(kit).toHaveProperty(name ?? "")
  })

  it("certifies the store in memory", async () => {
    await expect(certify(Layer.fresh(memory))).resolves.toBeUndefined()
  })

  it("does not certify a store that takes a conflict for a commit", async () => {
    const careless = Layer.effect(
      OrderStore,
      Effect.map(OrderStore, (store) => ({
        ...store,
        commit: (changes: Parameters<typeof store.commit>[0]) =>
          Effect.map(store.commit(changes), (outcomes) => outcomes.map(() => "committed" as const))
      }))
    ).pipe(Layer.provide(Layer.fresh(memory)))
    await expect(certify(careless)).rejects.toThrow(/Expected values to be strictly/)
  })
})
