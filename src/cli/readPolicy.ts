/** A policy to compare with: a file of JSON, or fields as `cancellationPolicy=beforeFulfilment,unitsPerDay=200`. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { inputFaults } from "../order/readInput.ts"
import { Policy } from "../simulation/Scenario.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { readJson } from "./readScenarioFile.ts"

const decode = Schema.decodeUnknownResult(Policy, { errors: "all", onExcessProperty: "error" })

/** Read it. Without a name it is called as it is written. */
export const readPolicy = Effect.fnUntraced(function* (given: string) {
  const input = given.includes("=") ? fieldsOf(given) : yield* readJson(given)
  const named = typeof input === "object" && input !== null ? { name: given, ...input } : input
  const read = decode(named)
  if (read._tag === "Success") return read.success
  const faults = inputFaults(read.failure.issue).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
  return yield* new CannotSimulate({ message: `--compare ${given}: ${faults.join("; ")}` })
})

/** A comma ends a field only where another one begins: a distribution has commas of its own. */
const fieldsOf = (given: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    given.split(/,(?=\w+=)/).map((field) => {
      const [name = "", ...value] = field.split("=")
      return [name, valueOf(value.join("="))]
    })
  )

/** A number or a distribution in JSON; everything else is a text. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
