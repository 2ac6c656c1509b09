/** Runs a contract as vitest tests, all of them on one store, and closes it afterwards. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, beforeAll, describe, test } from "vitest"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"

/** `watch` is put around each case. */
export const runContract = <E>(
  name: string,
  layer: Layer.Layer<OrderStore, E>,
  watch: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<unknown, E, R> = (run) => run
): void => {
  describe(`the order store contract, on ${name}`, () => {
    const runtime = ManagedRuntime.make(layer)
    beforeAll(async () => void (await runtime.context()))
    afterAll(() => runtime.dispose())
    for (const { name, run } of orderStoreContract) test(name, () => runtime.runPromise(Effect.asVoid(watch(run))))
  })
}

/** Runs the contracts of a store and of its records as vitest tests, on services that are there. */
export const runBothContracts = (
  run: (effect: Effect.Effect<void, unknown, OrderStore | OrderRecords>) => Promise<void>
): void => {
  for (const { name, run: body } of orderStoreContract) test(name, () => run(body))
  for (const { name, run: body } of orderRecordsContract) test(`of its records: ${name}`, () => run(body))
}
