/**
 * Clients that two generators make of the OpenAPI description tell the whole story of an order: their code is type-checked, and then run
 * against the service. The clients are made anew by this test, in `clients/.generated`.
 */
import { execFile } from "node:child_process"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { createClient } from "@hey-api/openapi-ts"
import * as Effect from "effect/Effect"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Layer from "effect/Layer"
import openapiTS, { astToString } from "openapi-typescript"
import { beforeAll, expect, it } from "vitest"
import { Api } from "../../src/http/Api.ts"
import { OrderStore, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { runServer } from "../support/runningServer.ts"
import { laptop } from "../support/world.ts"
import { items, outcomes, type Telling } from "./clients/story.ts"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const generated = path("clients/.generated")

beforeAll(async () => {
  const description = () => JSON.parse(JSON.stringify(OpenApi.fromApi(Api)))
  await rm(generated, { recursive: true, force: true })
  await mkdir(generated, { recursive: true })
  await writeFile(`${generated}/schema.d.ts`, astToString(await openapiTS(description())))
  await createClient({
    input: description(),
    output: { path: `${generated}/heyApi`, module: { extension: ".ts" } },
    plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"],
    logs: { level: "silent", file: false }
  })
})

/** A store that is not to be had when the first order is placed. */
const lateStore = () => {
  let isThere = false
  return Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store) => ({
      ...store,
      commit: (changes) => {
        const committed = isThere ? store.commit(changes) : Effect.fail(new StoreUnavailable({ cause: "starting" }))
        isThere = true
        return committed
      }
    }))
  ).pipe(Layer.provide(memoryStore))
}

it("is type-checked with both", async () => {
  expect(items[0]?.sku).toBe(laptop)
  const tsc = path("../../node_modules/@typescript/native/bin/tsc")
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", path("clients")]).catch(
    (error: { stdout: string }) => error
  )
  expect(stdout).toBe("")
})

it.each(["openapiFetch", "heyApi"])("is told with %s", async (name) => {
  const { tellTheStory } = (await import(`./clients/${name}.ts`)) as {
    readonly tellTheStory: (telling: Telling) => Promise<ReadonlyArray<string>>
  }
  const server = await runServer({ store: lateStore() })
  const waited: Array<number> = []
  const wait = async (seconds: number) => void waited.push(seconds)
  expect(await tellTheStory({ baseUrl: server.url, wait })).toEqual(outcomes)
  expect(waited).toEqual([1])
  await server.close()
})
