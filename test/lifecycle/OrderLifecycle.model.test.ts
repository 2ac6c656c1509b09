/** The services against the model, on the memory store and on a real PostgreSQL. */
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, it } from "vitest"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { tryAgainstModel } from "../support/lifecycleModel.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { shopOver } from "../support/world.ts"

describe("orders in memory", () => {
  const runtime = ManagedRuntime.make(shopOver(memory))
  afterAll(() => runtime.dispose())

  it("answer every sequence of commands as the model does", () => tryAgainstModel(runtime, 300))
})

describe("orders on PostgreSQL", () => {
  const runtime = ManagedRuntime.make(shopOver(postgresStore))
  afterAll(() => runtime.dispose())

  it("answer every sequence of commands as the model does", () => tryAgainstModel(runtime, 25))
})
