/**
 * The scenario to simulate: a shipped one by its name, or a file of JSON. A file may say `"arrivals": {"csv": "orders.csv"}`, which is
 * read from beside it.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { readScenario, type Scenario } from "../simulation/Scenario.ts"
import { scenarios } from "../simulation/scenarios/index.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { reasonOf } from "./CannotVerify.ts"
import { readOrders } from "./readOrders.ts"

/** Read it. `changed` is applied to what the file says before it is checked. */
export const readScenarioFile = Effect.fnUntraced(function* (
  name: string,
  changed: (input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
) {
  const shipped = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined
  const input: unknown = shipped ?? (yield* withOrders(name, yield* readJson(name)))
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return yield* new CannotSimulate({ message: `${name}: must be an object` })
  }
  return yield* Result.match(readScenario(changed({ ...input })), {
    onSuccess: (scenario): Effect.Effect<Scenario, CannotSimulate> => Effect.succeed(scenario),
    onFailure: ({ message }) => new CannotSimulate({ message: `${name}: ${message}` })
  })
})

/** A file of JSON. */
export const readJson = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(path), () => {
    const known = Object.keys(scenarios).join(", ")
    return new CannotSimulate({ message: `${path}: there is no such file to read, nor a scenario of this name (${known})` })
  })
  return yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: (error) => new CannotSimulate({ message: `${path}: is not JSON: ${reasonOf(error)}` })
  })
})

const FromCsv = Schema.Struct({ arrivals: Schema.Struct({ csv: Schema.String }) })
const isFromCsv = Schema.is(FromCsv)

/** The input with the orders of its CSV file, if it names one. */
const withOrders = Effect.fnUntraced(function* (name: string, input: unknown) {
  if (!isFromCsv(input)) return input
  const path = yield* Path.Path
  const file = path.resolve(path.dirname(name), input.arrivals.csv)
  return { ...input, arrivals: { recorded: yield* readOrders(file) } }
})
