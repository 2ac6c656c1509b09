/** A stored order beside the plain list that it stands for: its history. */
import { isErasable } from "../../src/order/AuditEvent.ts"
import { expect, it } from "vitest"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import { evolve, fold } from "../../src/order/evolve.ts"
import { TenantId } from "../../src/order/Order.ts"
import { PackedEvents } from "../../src/memory/PackedEvents.ts"
import {
  annotated,
  appended,
  erased,
  eventAt,
  found,
  historyOf,
  resting,
  type StoredOrder,
  wakened
} from "../../src/memory/StoredOrder.ts"
import { history, text } from "../../src/testing/arbitraries.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const storedFrom = (packed: PackedEvents, chain: ReadonlyArray<SealedEvent>): StoredOrder | undefined => {
  let stored: StoredOrder | undefined
  chain.forEach((sealed, index) => {
    const order = fold(chain.slice(0, index + 1).map(({ event }) => event))
    if (order !== null) stored = appended(packed, stored, order, sealed)
  })
  return stored
}

it("a stored order gives its events, all of them, one by one and as far as asked for", () => {
  fc.assert(
    fc.property(history(12), ({ events }) => {
      const chain = events.map((event) => seal(event, null, "salt"))
      const packed = new PackedEvents(TenantId.make("tenant"))
      const stored = storedFrom(packed, chain)
      if (stored === undefined) throw new Error("a history has at least one event")
      expect(historyOf(packed, stored)).toEqual(chain)
      for (const sequence of [0, ...chain.map(({ event }) => event.sequence), chain.length + 1]) {
        expect(eventAt(packed, stored, sequence)).toEqual(chain[sequence - 1])
      }
    }),
    { numRuns: numRuns(200) }
  )
})

/** What may happen to a stored order between two of its events. */
const happening = fc.oneof(
  fc.record({ type: fc.constant("rest" as const) }),
  fc.record({ type: fc.constant("erase" as const), sequence: fc.integer({ min: 2, max: 16 }) }),
  fc.record({ type: fc.constant("annotate" as const), of: fc.integer({ min: -1, max: 2 }), notes: text() })
)

/** The stored order after it has been at rest. */
const afterRest = (packed: PackedEvents, stored: StoredOrder): StoredOrder => found(packed, stored.orderId, resting(stored))

it("an order that rests is, once it is asked for, the very order that it would have been awake", () => {
  fc.assert(
    fc.property(
      history(12),
      fc.array(fc.array(happening, { maxLength: 3 }), { minLength: 14, maxLength: 14 }),
      (lived, between) => {
        const chain: Array<SealedEvent> = []
        /** The same order twice: one that rests now and then, and one that never does. */
        const packed = [new PackedEvents(TenantId.make("tenant")), new PackedEvents(TenantId.make("tenant"))] as const
        let twins: readonly [StoredOrder, StoredOrder] | null = null
        for (const [index, event] of lived.events.entries()) {
          const sealed = seal(event, chain.at(-1)?.hash ?? null, index.toString(16).padStart(64, "0"))
          chain.push(sealed)
          const order = evolve(twins && wakened(packed[1], twins[1]).order, event)
          twins = [appended(packed[0], twins?.[0], order, sealed), appended(packed[1], twins?.[1], order, sealed)]
          for (const each of between[index] ?? []) {
            const [first, second]: readonly [StoredOrder, StoredOrder] = twins
            if (each.type === "rest") {
              twins = [afterRest(packed[0], first), second]
              expect(twins[0]).toStrictEqual({ ...first, awake: null })
            } else if (each.type === "annotate") {
              const owner = order.subscriptions[each.of]?.subscriptionId ?? ""
              twins = [annotated(packed[0], first, owner, each.notes), annotated(packed[1], second, owner, each.notes)]
            } else {
              const old = chain[each.sequence - 1]
              if (old === undefined || !isErasable(old.event)) continue
              chain[each.sequence - 1] = { ...old, salt: null, event: { ...old.event, confidential: {} } } as SealedEvent
              twins = [erased(packed[0], first, old), erased(packed[1], second, old)]
            }
          }
          expect(wakened(packed[0], afterRest(packed[0], twins[0]))).toStrictEqual(wakened(packed[1], twins[1]))
          expect(historyOf(packed[0], twins[0])).toStrictEqual(chain)
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
