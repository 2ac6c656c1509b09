/** `order-lifecycle simulate`, as it is run: what it prints and writes, and the code with which it ends. */
import { execFile, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Command from "effect/cli/Command"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "vitest"
import { CannotSimulate } from "../../src/cli/CannotSimulate.ts"
import { simulateCommand } from "../../src/cli/simulateCommand.ts"
import type { Report } from "../../src/simulation/compare.ts"
import { scriptOf } from "../../src/simulation/hunt.ts"
import { ScriptJson } from "../../src/simulation/Script.ts"
import { scenarios } from "../../src/simulation/scenarios/index.ts"
import { sharedCompileCache } from "../support/compileCache.ts"
import { heldShop } from "../support/heldShop.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"
import { withPlanted } from "../support/plantedSource.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

const simulateIn =
  (cwd: string, program = main) =>
  (flags: ReadonlyArray<string>) =>
    Effect.promise(
      () =>
        new Promise<Ended>((resolve) => {
          execFile(
            process.execPath,
            [program, "simulate", ...flags],
            { cwd, env: sharedCompileCache() },
            (error, output, errors) => resolve({ code: typeof error?.code === "number" ? error.code : 0, output, errors })
          )
        })
    )

const runHere = Command.runWith(simulateCommand, { version: "test" })

const inFolder = (use: (folder: string) => Effect.Effect<void, unknown, Scope.Scope>) => () =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(temporaryFolder, use)))

const read = (folder: string, file: string) => Effect.promise(() => readFile(join(folder, file), "utf8"))
const write = (folder: string, file: string, text: string) => Effect.promise(() => writeFile(join(folder, file), text))

/** Little enough to be quick. */
const small = ["--orders", "15", "--seeds", "2", "--seed", "7"]

describe("a library with a mistake in it", () => {
  it("is told of by a run that ends with 1, with the shortest script, which can be played again", () => {
    const twice = "held.push({ line, sku, quantity: 2 * units.held })"
    return withPlanted([["order/decide.ts", "held.push({ line, sku, quantity: units.held })", twice]], async ({ folder }) => {
      await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", version: "0.0.0" }))
      const simulate = (...flags: ReadonlyArray<string>) =>
        Effect.runPromise(simulateIn(folder, join(folder, "src/cli/main.ts"))(flags))
      const run = await simulate("--orders", "120", "--seeds", "1", "--seed", "7")
      expect([run.code, run.errors]).toEqual([1, ""])
      expect(run.output).toContain("seed 7, policy noActiveSubscriptions, 2 steps")
      expect(run.output).toContain("violation-7.json")
      const again = await simulate("--replay", "violation-7.json")
      expect(again.code).toBe(1)
      expect(again.output).toMatch(/S4: order.cancelled: it releases/)

      // The same script on the library as it is.
      const healthy = await Effect.runPromise(simulateIn(folder)(["--replay", "violation-7.json"]))
      expect(healthy.code).toBe(0)
      expect(healthy.output).toContain("No violation.")
    })
  })
})

describe("order-lifecycle simulate", () => {
  it(
    "prints a summary and writes page, JSON and CSV: the same bytes again, with any number of threads",
    inFolder((folder) =>
      Effect.gen(function* () {
        const simulate = simulateIn(folder)
        const files = (name: string) => ["--report", `${name}.html`, "--json", `${name}.json`, "--csv", `${name}.csv`]
        const compared = [...small, "--compare", 'unitsPerDay=3,confirmationDelayHours={"uniform":{"min":1,"max":2}}']
        const first = yield* simulate([...compared, ...files("a"), "--workers", "1"])
        expect([first.code, first.errors]).toEqual([0, ""])
        expect(first.output).toContain("28 days, 3 policies, 2 seeds from 7 to 8.")
        yield* simulate([...compared, ...files("b"), "--workers", "2"])
        for (const kind of ["html", "json", "csv"]) {
          const [a, b] = [yield* read(folder, `a.${kind}`), yield* read(folder, `b.${kind}`)]
          expect(a === b, kind).toBe(true)
          expect(a.length, kind).toBeGreaterThan(1_000)
        }
        const { scenario, completed } = JSON.parse(yield* read(folder, "a.json")) as Report
        expect(completed).toEqual([7, 8])
        // The added policy is scaled with the scenario, like every other.
        expect(scenario.policies[2]).toMatchObject({ confirmationDelayHours: { uniform: { min: 1, max: 2 } } })

        // The scenario of a report makes the same report again.
        yield* write(folder, "scenario.json", JSON.stringify(scenario))
        yield* simulate(["scenario.json", "--seed", "7", "--seeds", "2", "--json", "again.json"])
        expect(yield* read(folder, "again.json")).toBe(yield* read(folder, "a.json"))
      })
    )
  )

  it(
    "ends with 2 and one line that names what is wrong, before it does anything",
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* write(folder, "wrong.json", '{"name":"x","catalogue":[{"sku":"A"},{"sku":"B","assets":-3}]}')
        yield* write(folder, "not.json", "{")
        yield* write(folder, "orders.json", '{"name":"x","catalogue":[{"sku":"A"}],"arrivals":{"csv":"orders.csv"}}')
        const line = "2026-01-05T08:00:00.000Z,1,,A"
        yield* write(folder, "orders.csv", `placedAt,order,tenant,sku,quantity\n${line},1\n${line},many\n`)
        const before = yield* Effect.promise(() => readdir(folder))
        const wrong = ["wrong.json", "--json", "out.json"]
        const { code, output, errors } = yield* simulateIn(folder)(wrong)
        expect([code, output]).toEqual([2, ""])
        expect(errors).toMatch(/^Cannot simulate: wrong\.json: catalogue\[1\]\.assets: .*\n$/)
        // The others in this process, which is quicker.
        const at = (file: string) => join(folder, file)
        for (const [flags, says] of [
          [[at("not.json")], "not.json: is not JSON: "],
          [["nowhere"], "nowhere: there is no such file to read, nor a scenario of this name (steady-shop, "],
          [[at("orders.json")], "orders.csv: line 3, column quantity: "],
          [["--compare", "unitsPerDays=3"], "--compare unitsPerDays=3: unitsPerDays: "],
          [["--orders", "0"], "--orders 0: must be more than 0"],
          [["--report", at("no/such/page.html")], "page.html: there is no folder "],
          [["--soak", "long"], "--soak long: must be like 90s, 10m or 2h"]
        ] as const) {
          const error = yield* Effect.flip(Effect.provide(runHere(flags), NodeServices.layer))
          expect(error).toBeInstanceOf(CannotSimulate)
          expect(error.message).toContain(says)
        }
        expect(yield* Effect.promise(() => readdir(folder))).toEqual(before)
      })
    )
  )

  it(
    "places orders of a file of CSV again, lines of the same order together",
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* write(
          folder,
          "scenario.json",
          '{"name":"x","days":2,"tenants":[{"id":"n"},{"id":"s"}],"catalogue":[{"sku":"A"},{"sku":"B"}],"arrivals":{"csv":"orders.csv"}}'
        )
        const lines = [
          "order,placedAt,tenant,sku,quantity,contractLength",
          "one,2026-01-05T08:00:00.000Z,s,A,2,",
          'one,2026-01-05T08:00:00.000Z,s,"B",1,12',
          "two,2026-01-05T09:00:00.000Z,,A,3,"
        ]
        yield* write(folder, "orders.csv", lines.join("\r\n"))
        yield* simulateIn(folder)(["scenario.json", "--seeds", "1", "--json", "out.json"])
        const { scenario, policies } = JSON.parse(yield* read(folder, "out.json")) as Report
        expect(scenario.arrivals).toEqual({
          recorded: [
            {
              at: "2026-01-05T08:00:00.000Z",
              tenant: "s",
              items: [
                { sku: "A", quantity: 2 },
                { sku: "B", quantity: 1, contractLength: 12 }
              ]
            },
            { at: "2026-01-05T09:00:00.000Z", items: [{ sku: "A", quantity: 3 }] }
          ]
        })
        expect(policies[0]?.figures).toMatchObject({ "orders.placed": { mean: 2 }, "units.ordered": { mean: 6 } })
      })
    )
  )

  it(
    "interrupted, reports on the seeds that are complete, says so, and ends with 130",
    inFolder((folder) =>
      Effect.gen(function* () {
        const flags = ["--orders", "5", "--seeds", "3000", "--workers", "1", "--progress", "--json", "out.json"]
        const { code, output } = yield* Effect.promise(
          () =>
            new Promise<{ code: number | null; output: string }>((resolve) => {
              const child = spawn(process.execPath, [main, "simulate", ...flags], { cwd: folder, env: sharedCompileCache() })
              let output = ""
              child.stdout.on("data", (data: Buffer) => (output += data.toString()))
              // Of 3,000 seeds 1 % are thirty.
              child.stderr.on("data", (data: Buffer) => / [1-9]\d* % /.test(data.toString()) && child.kill("SIGINT"))
              child.on("close", (code) => resolve({ code, output }))
            })
        )
        expect(code).toBe(130)
        expect(output).toMatch(/^PARTIAL: interrupted after \d+ of 3,000 seeds\./m)
        const { seeds, completed } = JSON.parse(yield* read(folder, "out.json")) as Report
        expect(seeds).toHaveLength(3_000)
        expect(completed.length).toBeGreaterThan(10)
        expect(completed.length).toBeLessThan(3_000)
      })
    )
  )

  it(
    "on PostgreSQL comes to the same, and takes no database with orders in it",
    inFolder((folder) =>
      Effect.gen(function* () {
        const url = Redacted.value(yield* freshDatabase)
        const simulate = simulateIn(folder)
        const flags = ["noisy-neighbours", ...small]
        expect(yield* simulate([...flags, "--json", "postgres.json", "--database-url", url])).toMatchObject({
          code: 0,
          errors: ""
        })
        yield* simulate([...flags, "--json", "memory.json"])
        expect(JSON.parse(yield* read(folder, "postgres.json"))).toEqual(JSON.parse(yield* read(folder, "memory.json")))
        const again = yield* simulate([...flags, "--json", "again.json", "--database-url", url])
        expect([again.code, again.errors]).toEqual([
          2,
          "Cannot simulate: the database has orders in it: give one that is empty, and that nobody needs\n"
        ])
        expect(existsSync(join(folder, "again.json"))).toBe(false)
        const elsewhere = yield* simulate([...flags, "--json", "elsewhere.json", "--database-url", url, "--schema", "simulated"])
        expect([elsewhere.code, elsewhere.errors]).toEqual([0, ""])
      })
    )
  )

  it(
    "runs under a process, says what was not judged, and judges it by a second account",
    inFolder((folder) =>
      Effect.gen(function* () {
        const simulate = simulateIn(folder)
        const file = fileURLToPath(new URL("../support/heldShop.ts", import.meta.url))
        const under = ["--process", file, ...small, "--compare", "pendingExpiresAfter=PT2H"]
        const { code, output, errors } = yield* simulate(under)
        expect([code, errors]).toEqual([0, ""])
        expect(output).toMatch(/Not judged, as there is no second account of the process: \d+ answers to own commands/)
        const judged = yield* simulate([...under, "--own-account", file])
        expect(judged).toMatchObject({ code: 0, errors: "" })
        expect(judged.output).toContain("All answers were judged.")
        yield* write(folder, "script.json", yield* Schema.encodeEffect(ScriptJson)(scriptOf(3, { orders: 2, process: heldShop })))
        const replayed = yield* simulate(["--replay", "script.json", "--process", file])
        expect(replayed).toMatchObject({ code: 0 })
        expect(replayed.output).toMatch(/Not judged, [\s\S]*No violation\.\n$/)
        expect(yield* simulate(["--own-account", file])).toMatchObject({ code: 2 })
      })
    )
  )

  it(
    "looks for violations, plays a saved script again, and lists the shipped scenarios",
    inFolder((folder) =>
      Effect.gen(function* () {
        const simulate = simulateIn(folder)
        const soaked = yield* simulate(["--soak", "0.001s", "--orders", "5", "--seed", "3", "--workers", "1"])
        expect(soaked).toMatchObject({ code: 0, output: "1 seed from 3 on with 5 orders each: no violation.\n" })
        yield* write(folder, "script.json", yield* Schema.encodeEffect(ScriptJson)(scriptOf(3, { orders: 2 })))
        const replayed = yield* simulate(["--replay", "script.json"])
        expect(replayed).toMatchObject({ code: 0 })
        expect(replayed.output).toMatch(/^seed 3, policy [\s\S]*place order A: [\s\S]*No violation\.\n$/)
        expect(yield* simulate(["--replay", "none.json"])).toMatchObject({ code: 2 })
        const { output } = yield* simulate(["--list"])
        for (const name of Object.keys(scenarios)) expect(output).toContain(`${name}\n`)
      })
    )
  )
})
