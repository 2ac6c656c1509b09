/** Every store of the library keeps the contract of `OrderRecords`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const embedded = Layer.unwrap(Effect.map(temporaryFolder, (folder) => EmbeddedOrderStore.layer(folder)))

describe("the order records contract, in memory", () => {
  const run = sharedLayer(MemoryOrderStore.layer)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})

describe("the order records contract, on PostgreSQL", () => {
  const run = sharedLayer(postgresStore)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})

describe("the order records contract, on an embedded database", () => {
  const run = sharedLayer(embedded)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})
