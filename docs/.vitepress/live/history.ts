/** A history that the reader pastes: the stored events of one order, as `AuditTrail.history` gives them, in JSON. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { verifyChain } from "../../../src/order/auditChain.ts"
import { lifecycles } from "../../../src/order/lifecycleTable.ts"
import { reader } from "../../../src/order/readInput.ts"
import { walkHistory } from "../../../src/verify/walkHistory.ts"
import { StoredEvent } from "./journey.ts"

const History = Schema.NonEmptyArray(StoredEvent)
export type History = typeof History.Type

const readStored = reader(History, "history")

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

const meanings = {
  missing: "an event is missing",
  altered: "the event was altered",
  relinked: "the event does not follow the one before it",
  "confidential altered": "the confidential part was altered",
  moved: "the event belongs to another order"
} as const

/** What the chain of hashes says: null when it is whole. */
export const chainFault = (history: Parameters<typeof verifyChain>[0]): string | null => {
  const fault = verifyChain(history)
  return fault && `Event ${fault.sequence}: ${meanings[fault.fault]}.`
}

/** The same history with one event changed behind the chain's back. */
export const tampered = (history: ReadonlyArray<History[number]>, sequence: number): ReadonlyArray<History[number]> =>
  history.map((stored) =>
    stored.event.sequence === sequence
      ? { ...stored, event: { ...stored.event, actor: { ...stored.event.actor, userId: "mallory" } } }
      : stored
  )
