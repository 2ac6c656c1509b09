/** A stored order beside the plain lists that it stands for: its history, and the events that are still to be delivered. */
import { expect, it } from "vitest"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import { evolve, fold } from "../../src/order/evolve.ts"
import { TenantId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { PackedEvents } from "../../src/memory/PackedEvents.ts"
import {
  acknowledged,
  annotated,
  appended,
  erased,
  eventAt,
  hasUndelivered,
  historyOf,
  leased,
  resting,
  type StoredOrder,
  undelivered,
  wakened
} from "../../src/memory/StoredOrder.ts"
import { history, text } from "../../src/testing/arbitraries.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const now = Timestamp.make("2026-11-23T12:00:00.000Z")
const until = Timestamp.make("2026-11-23T12:01:00.000Z")
const later = Timestamp.make("2026-11-23T12:02:00.000Z")

const storedFrom = (packed: PackedEvents, chain: ReadonlyArray<SealedEvent>): StoredOrder | undefined => {
  let stored: StoredOrder | undefined
  chain.forEach((sealed, index) => {
    const order = fold(chain.slice(0, index + 1).map(({ event }) => event))
    if (order !== null) stored = appended(packed, stored, order, sealed)
  })
  return stored
}

it("a stored order gives its events, and hands out the oldest that is to be delivered, in whatever order they are acknowledged", () => {
  fc.assert(
    fc.property(history(12), fc.array(fc.integer({ min: -1, max: 16 }), { maxLength: 20 }), ({ events }, acknowledgements) => {
      const chain = events.map((event) => seal(event, null, "salt"))
      const packed = new PackedEvents(TenantId.make("tenant"))
      const first = storedFrom(packed, chain)
      if (first === undefined) throw new Error("a history has at least one event")
      let stored = first
      const sequences = chain.map(({ event }) => event.sequence)
      let left = sequences

      expect(historyOf(packed, stored)).toEqual(chain)
      for (const sequence of [0, ...sequences, chain.length + 1]) {
        expect(historyOf(packed, stored, sequence)).toEqual(chain.slice(0, sequence))
        expect(eventAt(packed, stored, sequence)).toEqual(chain[sequence - 1])
      }
      for (const sequence of acknowledgements) {
        const handedOut = leased(packed, stored, now, until)
        expect(handedOut?.entry.sealed.event.sequence).toBe(left[0])
        if (handedOut) {
          expect(leased(packed, handedOut.stored, now, until)).toBeNull()
          expect(leased(packed, handedOut.stored, later, later)?.entry.attempts).toBe(handedOut.entry.attempts + 1)
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

/** What may happen to a stored order between two of its events. */
const happening = fc.oneof(
  fc.record({ type: fc.constant("rest" as const) }),
  fc.record({ type: fc.constant("erase" as const), sequence: fc.integer({ min: 2, max: 16 }) }),
  fc.record({ type: fc.constant("annotate" as const), notes: text() })
)

it("an order that rests is, once it is asked for, the very order that it would have been awake", () => {
  fc.assert(
    fc.property(
      history(12),
      fc.array(fc.array(happening, { maxLength: 3 }), { minLength: 14, maxLength: 14 }),
      ({ events }, between) => {
        const chain: Array<SealedEvent> = []
        const [packed, packedAwake] = [new PackedEvents(TenantId.make("tenant")), new PackedEvents(TenantId.make("tenant"))]
        let [stored, awake]: Array<StoredOrder | undefined> = []
        for (const [index, event] of events.entries()) {
          const sealed = seal(event, chain.at(-1)?.hash ?? null, index.toString(16).padStart(64, "0"))
          chain.push(sealed)
          // As the services commit it: decided on the order as it stood, and with the texts that have been stored since.
          const before = awake === undefined ? null : wakened(packedAwake, awake).order
          const order = evolve(before, event)
          stored = appended(packed, stored, order, sealed)
          awake = appended(packedAwake, awake, order, sealed)
          for (const each of between[index] ?? []) {
            if (each.type === "rest") {
              stored = resting(stored)
              expect(stored.awake).toBeNull()
            } else if (each.type === "annotate") {
              stored = annotated(packed, stored, each.notes)
              awake = annotated(packedAwake, awake, each.notes)
            } else {
              const old = chain[each.sequence - 1]
              if (old === undefined) continue
              chain[each.sequence - 1] = { ...old, salt: null, event: { ...old.event, confidential: {} } } as SealedEvent
              stored = erased(packed, stored, old)
              awake = erased(packedAwake, awake, old)
            }
          }
          expect(wakened(packed, resting(stored))).toStrictEqual({ ...wakened(packedAwake, awake), isFold: true })
          expect(historyOf(packed, stored)).toStrictEqual(chain)
          tried("stored orders put to rest and woken")
        }
      }
    ),
    { numRuns: numRuns(200) }
  )
})

it("an order that somebody has stored otherwise than its events make it is kept as it is", () => {
  fc.assert(
    fc.property(history(4), ({ events, order }) => {
      const packed = new PackedEvents(TenantId.make("tenant"))
      const chain = events.map((event) => seal(event, null, "salt"))
      const [newest] = chain.slice(-1)
      const before = storedFrom(packed, chain.slice(0, -1))
      if (newest === undefined) throw new Error("a history has at least one event")
      const stored = appended(packed, before, { ...order, createdBy: "somebody else" }, newest)
      expect(resting(stored)).toBe(stored)
    }),
    { numRuns: numRuns(50) }
  )
})
