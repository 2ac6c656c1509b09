/** The services against the model, on the memory store and on a real PostgreSQL. */
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, it } from "vitest"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { tryAgainstModel } from "../support/lifecycleModel.ts"
import { shopOver } from "../support/world.ts"

describe.each([{ name: "memory", store: memory, runs: 400 }])("orders on $name", ({ store, runs }) => {
  const runtime = ManagedRuntime.make(shopOver(store))
  afterAll(() => runtime.dispose())

  it("answer every sequence of commands as the model does", () => tryAgainstModel(runtime, runs))
})
void Layer
