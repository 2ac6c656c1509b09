/** A stored order beside the plain lists that it stands for: its history, and the events that are still to be delivered. */
import { expect, it } from "vitest"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import { fold } from "../../src/order/evolve.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import {
  acknowledged,
  appended,
  eventAt,
  hasUndelivered,
  historyOf,
  leased,
  type StoredOrder,
  undelivered
} from "../../src/memory/StoredOrder.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const now = Timestamp.make("2026-11-23T12:00:00.000Z")
const until = Timestamp.make("2026-11-23T12:01:00.000Z")
const later = Timestamp.make("2026-11-23T12:02:00.000Z")

const storedFrom = (chain: ReadonlyArray<SealedEvent>): StoredOrder | undefined => {
  let stored: StoredOrder | undefined
  chain.forEach((sealed, index) => {
    const order = fold(chain.slice(0, index + 1).map(({ event }) => event))
    if (order !== null) stored = appended(stored, order, sealed)
  })
  return stored
}

it("a stored order gives its events, and hands out the oldest that is to be delivered, in whatever order they are acknowledged", () => {
  fc.assert(
    fc.property(history(12), fc.array(fc.integer({ min: -1, max: 16 }), { maxLength: 20 }), ({ events }, acknowledgements) => {
      const chain = events.map((event) => seal(event, null, "salt"))
      const first = storedFrom(chain)
      if (first === undefined) throw new Error("a history has at least one event")
      let stored = first
      const sequences = chain.map(({ event }) => event.sequence)
      let left = sequences

      expect(historyOf(stored)).toEqual(chain)
      for (const sequence of [0, ...sequences, chain.length + 1]) {
        expect(historyOf(stored, sequence)).toEqual(chain.slice(0, sequence))
        expect(eventAt(stored, sequence)).toBe(chain[sequence - 1])
      }
      for (const sequence of acknowledgements) {
        const handedOut = leased(stored, now, until)
        expect(handedOut?.entry.sealed.event.sequence).toBe(left[0])
        if (handedOut) {
          expect(leased(handedOut.stored, now, until)).toBeNull()
          expect(leased(handedOut.stored, later, later)?.entry.attempts).toBe(handedOut.entry.attempts + 1)
        }
        stored = acknowledged(stored, sequence)
        left = left.filter((each) => each !== sequence)
        expect(undelivered(stored)).toEqual(left)
        expect(hasUndelivered(stored)).toBe(left.length > 0)
      }
    }),
    { numRuns: numRuns(200) }
  )
})
