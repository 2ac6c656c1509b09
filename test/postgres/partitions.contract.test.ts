/** The contracts of the store and of its records, on tables in parts. */
import { describe, expect, it } from "vitest"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { partitionedStore } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

runContract("PostgreSQL, in parts", partitionedStore)

describe("the order records contract, on PostgreSQL, in parts", () => {
  const run = sharedLayer(partitionedStore)
  it.each(orderRecordsContract)("$name", async (each) => expect(await run(each.run)).toBeUndefined())
})
