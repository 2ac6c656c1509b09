/** Reads a history that is pasted, in JSON. A module of its own, because the page loads it when there is one to read. */
import * as Result from "effect/Result"
import { lifecycles } from "../../../src/order/lifecycleTable.ts"
import { carefulReader } from "../../../src/order/carefulReader.ts"
import { walkHistory } from "../../../src/verify/walkHistory.ts"
import { History } from "./history.ts"

const readStored = carefulReader(History, "history")

/** The API shows less than is stored: not what was ordered, so there are no units to follow. */
const isOfTheApi = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "events" in value && "orderId" in value

const parse = (text: string): Result.Result<unknown, string> =>
  Result.try({ try: () => JSON.parse(text) as unknown, catch: () => "This is not JSON." })

/** Read a history, or say what is wrong with it: a field, or the first event that does not follow from the ones before it. */
export const readHistory = (text: string): Result.Result<History, string> =>
  Result.gen(function* () {
    const value = yield* parse(text)
    if (isOfTheApi(value)) {
      return yield* Result.fail(
        "These are the events as the HTTP API shows them. What was ordered is not among them, so no units can be shown: paste the stored events."
      )
    }
    const history = yield* Result.mapError(readStored(value), ({ message }) => message)
    const { order, faults } = walkHistory(
      Object.values(lifecycles),
      history.map(({ event }) => event)
    )
    if (order === null) return yield* Result.fail(`These events are not the history of an order: ${faults[0]?.message}.`)
    return history
  })
