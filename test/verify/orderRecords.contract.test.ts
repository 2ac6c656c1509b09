/** Every store of the library keeps the contract of `OrderRecords`. */
import { describe, expect, it } from "vitest"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

describe("the order records contract, in memory", () => {
  const run = sharedLayer(MemoryOrderStore.layer)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})

describe("the order records contract, on PostgreSQL", () => {
  const run = sharedLayer(postgresStore)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})

describe("the order records contract, on an embedded database", () => {
  const run = sharedLayer(embeddedStore)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})
