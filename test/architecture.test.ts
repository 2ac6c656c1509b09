/** The house rules that a machine can check: layering, and what may stand where. Each rule is also tried on a planted breach. */
import { globSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { banFaults, importsOf, layeringFaults, readLayers, type SourceFile } from "./support/layering.ts"

const root = new URL("..", import.meta.url)
const read = (path: string): SourceFile => ({ path, text: readFileSync(new URL(path, root), "utf8") })
const filesIn = (folder: string) => globSync(`${folder}/**/*.ts`, { cwd: root }).map((path) => read(path.replaceAll("\\", "/")))

const layers = readLayers(read("docs/ARCHITECTURE.md").text)
const sources = filesIn("src")
const tests = filesIn("test")

const planted = (path: string, text: string) => [{ path, text }]

describe("the layering table in docs/ARCHITECTURE.md", () => {
  it("holds for every import of every source", () => {
    expect(layeringFaults(layers, sources)).toEqual([])
  })

  it("was read, and so were the sources", () => {
    expect(layers.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["order", "lifecycle", "memory", "postgres", "embedded", "http", "testing"])
    )
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(100)
    for (const { path, text } of sources) {
      expect(importsOf(text).length, path).toBeGreaterThanOrEqual(text.match(/^(?:import|export)\b[^;=]*? from "/gm)?.length ?? 0)
    }
  })

  it.each([
    ["order", 'import { OrderStore } from "../lifecycle/OrderStore.ts"', "lifecycle/OrderStore.ts"],
    ["order", 'import type { OrderStore } from "../lifecycle/OrderStore.ts"', "lifecycle/OrderStore.ts"],
    ["order", 'import {\n  a,\n  b\n} from "../lifecycle/OrderStore.ts"', "lifecycle/OrderStore.ts"],
    ["order", 'export * from "../memory/MemoryOrderStore.ts"', "memory/MemoryOrderStore.ts"],
    ["order", 'export type { A } from "../memory/A.ts"', "memory/A.ts"],
    ["order", 'const store = await import("../memory/A.ts")', "memory/A.ts"],
    ["order", 'let a: typeof import("../memory/A.ts")', "memory/A.ts"],
    ["order", 'import "../memory/A.ts"', "memory/A.ts"],
    ["order", "await import(path)", "computed"],
    ["order", 'import * as Effect from "effect/Effect"', "effect/Effect"],
    ["order", 'import type { Layer } from "effect/Layer"', "effect/Layer"],
    ["order", 'import * as Ref from "effect/Ref"', "effect/Ref"],
    ["order", 'import * as fs from "node:fs"', "node:fs"],
    ["order", 'import _ from "lodash"', "lodash"],
    ["order", 'import { Schema } from "effect"', "barrel"],
    ["order", 'import { world } from "../../test/support/world.ts"', "outside src"],
    ["lifecycle", 'import { commit } from "../postgres/commitStatement.ts"', "postgres/commitStatement.ts"],
    ["lifecycle", 'import * as SqlClient from "effect/sql/SqlClient"', "effect/sql/SqlClient"],
    ["memory", 'import { commit } from "../postgres/commitStatement.ts"', "postgres/commitStatement.ts"],
    ["http", 'import { layer } from "../postgres/PostgresOrderStore.ts"', "postgres/PostgresOrderStore.ts"],
    ["nowhere", "", "no row"]
  ])("does not let %s say %j", (folder, text, named) => {
    const [fault, ...others] = layeringFaults(layers, planted(`src/${folder}/planted.ts`, text))
    expect(fault).toContain(named)
    expect(others).toEqual([])
  })

  it.each([
    [
      "src/order/planted.ts",
      'import * as Schema from "effect/Schema"\nimport { setup } from "xstate"\nimport { a } from "./Order.ts"'
    ],
    ["src/order/planted.ts", '// import { a } from "../lifecycle/A.ts"\n/** import("../lifecycle/A.ts") */'],
    ["src/postgres/migrations/0009_planted.ts", 'import { a } from "../../order/Order.ts"\nimport { b } from "../orderRows.ts"'],
    ["src/http/main.ts", 'import { layer } from "../postgres/PostgresOrderStore.ts"']
  ])("lets %s say %j", (path, text) => {
    expect(layeringFaults(layers, planted(path, text))).toEqual([])
  })
})

describe("what is banned", () => {
  it("stands nowhere in the sources and tests", () => {
    expect(banFaults([...sources, ...tests])).toEqual([])
    expect(tests.length).toBeGreaterThan(5)
  })

  it.each([
    ["src/order/decide.ts", 'if (order.status === "cancelled") return', "order status"],
    ["src/http/handlers.ts", 'const done = "fulfilled" !== order.status', "order status"],
    ["src/lifecycle/A.ts", 'switch (order.status) {\n  case "partial":\n}', "order status"],
    ["src/lifecycle/A.ts", 'if (asset.status !== "rented_out") return', "asset status"],
    ["src/memory/A.ts", "const query = `select * from orders`", "SQL"],
    ["src/embedded/A.ts", "yield* sql`vacuum`", "SQL"],
    ["src/order/A.ts", "const status = 404", "HTTP status"],
    ["src/lifecycle/A.ts", "const now = Date.now()", "clock or chance"],
    ["src/testing/A.ts", "const now = new Date()", "clock or chance"],
    ["src/postgres/A.ts", "const id = Math.random()", "clock or chance"],
    ["test/a.test.ts", `${["it", "skip"].join(".")}("waits", () => {})`, "skips"],
    ["test/a.test.ts", `${["describe", "each", "only"].join(".")}([])("waits", () => {})`, "skips"],
    ["test/a.test.ts", `${["test", "todo"].join(".")}("waits")`, "skips"],
    ["test/a.test.ts", `yield* ${["Effect", "sleep"].join(".")}("5 millis")`, "time to pass"],
    ["test/a.test.ts", `await new Promise((done) => ${["set", "Timeout"].join("")}(done, 5))`, "time to pass"],
    ["test/support/a.ts", `import { setTimeout } from "${["node", "timers/promises"].join(":")}"`, "time to pass"],
    ["test/a.test.ts", `it("is soon done", { ${["time", "out"].join("")}: 5_000 }, () => {})`, "time to pass"],
    ["test/a.test.ts", ['it("is soon done", () => {\n}', "60_000)"].join(", "), "time to pass"],
    ["test/a.test.ts", `expect(${["performance", "now"].join(".")}() - before).toBeLessThan(100)`, "time to pass"]
  ])("is found in %s: %j", (path, text, named) => {
    const [fault, ...others] = banFaults(planted(path, text))
    expect(fault).toContain(named)
    expect(others).toEqual([])
  })

  it.each([
    ["src/order/orderMachine.ts", 'event.subscription !== "cancelled"'],
    ["src/postgres/A.ts", "sql`SELECT 1`"],
    ["src/draw/A.ts", '`<select id="status">`'],
    ["src/http/errors.ts", "{ NOT_FOUND: 404 }"],
    ["test/bench/measure.ts", `const startedAt = ${["performance", "now"].join(".")}()`],
    ["test/a.test.ts", "spawn(program, { timeout: hangMs })"],
    ["src/order/A.ts", '// compares status === "cancelled" nowhere\n/** SELECT 1, 404, Date.now() */']
  ])("may stand where it belongs: in %s, %j", (path, text) => {
    expect(banFaults(planted(path, text))).toEqual([])
  })
})
