/** Runs a contract as vitest tests, all of them on one store, and closes it afterwards. */
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, beforeAll, describe, test } from "vitest"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"

export const runContract = <E>(name: string, layer: Layer.Layer<OrderStore, E>): void => {
  describe(`the order store contract, on ${name}`, () => {
    const runtime = ManagedRuntime.make(layer)
    beforeAll(async () => void (await runtime.context()))
    afterAll(() => runtime.dispose())
    for (const { name, run } of orderStoreContract) test(name, () => runtime.runPromise(run))
  })
}
