/** The chain of hashes: whole histories verify, and nothing can be changed in one without being found. */
import { describe, expect, it } from "vitest"
import { canonicalEvent, fingerprint, seal, type SealedEvent, verifyChain } from "../../src/order/auditChain.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { canonicalJson } from "../../src/order/canonicalJson.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { history, text } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const saltOf = (index: number) => (index + 1).toString(16).padStart(64, "0")

const sealAll = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<SealedEvent> => {
  const chain: Array<SealedEvent> = []
  events.forEach((event, index) => chain.push(seal(event, chain.at(-1)?.hash ?? null, saltOf(index))))
  return chain
}

/** As erasure leaves an event: the text gone and its salt with it. */
const erase = (sealed: SealedEvent): SealedEvent => ({
  ...sealed,
  salt: null,
  event: { ...sealed.event, confidential: {} } as AuditEvent
})

const chains = history(25).map(({ events }) => sealAll(events))

/** Everything in a value that could be changed, as a path of keys. */
const leaves = (value: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
  typeof value === "object" && value !== null && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]))
    : [path]

/** The value with something else at the end of the path. */
const flip = (value: unknown, [key, ...rest]: ReadonlyArray<string>): unknown => {
  if (key === undefined) {
    if (typeof value === "string")
      return /^[0-9a-f]/.test(value) ? `${value.startsWith("0") ? "1" : "0"}${value.slice(1)}` : `${value}!`
    // A number so large that one more makes no difference is halved.
    if (typeof value === "number") return value + 1 === value ? value / 2 : value + 1
    return value === null ? "0" : typeof value === "boolean" ? !value : "changed"
  }
  const members = Object.entries(value as object).map(([name, member]) => [name, name === key ? flip(member, rest) : member])
  return Array.isArray(value) ? members.map(([, member]) => member as unknown) : Object.fromEntries(members)
}

describe("the chain of an order's events", () => {
  it("verifies, with its head and without", () => {
    fc.assert(
      fc.property(chains, (chain) => {
        expect(verifyChain(chain)).toBeNull()
        const { event, hash = "" } = chain.at(-1) ?? {}
        expect(verifyChain(chain, { sequence: event?.sequence ?? 0, hash })).toBeNull()
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("verifies after JSON has changed the sequence of an event's members", () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled)
      if (typeof value !== "object" || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, member]) => [key, shuffled(member)])
      )
    }
    fc.assert(
      fc.property(chains, (chain) => {
        expect(verifyChain(JSON.parse(JSON.stringify(shuffled(chain))) as typeof chain)).toBeNull()
      }),
      { numRuns: numRuns(50) }
    )
  })

  it("verifies after any of its events were erased, and the text is in none of them", () => {
    fc.assert(
      fc.property(chains, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), (chain, erased) => {
        const left = chain.map((sealed, index) => (erased[index] ? erase(sealed) : sealed))
        expect(verifyChain(left)).toBeNull()
        left
          .filter((_, index) => erased[index])
          .forEach(({ event, salt }) => expect({ ...event.confidential, salt }).toEqual({ salt: null }))
      }),
      { numRuns: numRuns(50) }
    )
  })

  it("shows any change to any part of any event", () => {
    let changed = 0
    fc.assert(
      fc.property(chains, fc.nat(), fc.nat(), (chain, which, where) => {
        const target = which % chain.length
        const paths = leaves(chain[target])
        const path = paths[where % paths.length] ?? []
        const altered = chain.map((sealed, index) => (index === target ? (flip(sealed, path) as SealedEvent) : sealed))
        expect(altered).not.toEqual(chain)
        expect(verifyChain(altered), path.join(".")).not.toBeNull()
        changed++
      }),
      { numRuns: numRuns(1_000) }
    )
    expect(changed).toBeGreaterThan(0)
  })

  it("shows a changed text, even when its salt is removed as an erasure would", () => {
    fc.assert(
      fc.property(chains, fc.nat(), text(), (chain, which, planted) => {
        const target = which % chain.length
        const altered = chain.map((sealed, index) =>
          index === target
            ? { ...sealed, salt: null, event: { ...sealed.event, confidential: { reason: planted } } as AuditEvent }
            : sealed
        )
        expect(verifyChain(altered)).toEqual({ sequence: target + 1, fault: "confidential altered" })
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("shows an event that is missing, unless it is the newest", () => {
    fc.assert(
      fc.property(chains, fc.nat(), (chain, which) => {
        fc.pre(chain.length > 1)
        const target = which % (chain.length - 1)
        expect(verifyChain(chain.toSpliced(target, 1))).toEqual({ sequence: target + 1, fault: "missing" })
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("shows missing newest events to whoever kept the head", () => {
    fc.assert(
      fc.property(chains, fc.nat(), (chain, which) => {
        const { event, hash = "" } = chain.at(-1) ?? {}
        const kept = which % chain.length
        expect(verifyChain(chain.slice(0, kept))).toBeNull()
        expect(verifyChain(chain.slice(0, kept), { sequence: event?.sequence ?? 0, hash })).toEqual({
          sequence: kept + 1,
          fault: "missing"
        })
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("shows two events that changed places, and an event that stands twice", () => {
    fc.assert(
      fc.property(chains, fc.nat(), (chain, which) => {
        fc.pre(chain.length > 1)
        const first = which % (chain.length - 1)
        const swapped = chain.with(first, chain[first + 1] as SealedEvent).with(first + 1, chain[first] as SealedEvent)
        expect(verifyChain(swapped)).not.toBeNull()
        expect(verifyChain(chain.toSpliced(first, 0, chain[first] as SealedEvent))).not.toBeNull()
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("shows an event that was moved in from another order or another tenant", () => {
    fc.assert(
      fc.property(history(25), fc.nat(), fc.constantFrom("orderId", "tenantId"), ({ events }, which, from) => {
        fc.pre(events.length > 1)
        const target = 1 + (which % (events.length - 1))
        const elsewhere = from === "orderId" ? { orderId: OrderId.make("elsewhere") } : { tenantId: TenantId.make("elsewhere") }
        const chain = sealAll(events)
        const others = sealAll(events.map((event) => ({ ...event, ...elsewhere })))
        expect(verifyChain(chain.with(target, others[target] as SealedEvent))).toEqual({ sequence: target + 1, fault: "moved" })
        // Even when every hash is computed anew, which whoever owns the table can do.
        const resealed = sealAll(events.with(target, { ...(events[target] as AuditEvent), ...elsewhere }))
        expect(verifyChain(resealed)).toEqual({ sequence: target + 1, fault: "moved" })
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("shows a history rewritten from some event on to whoever kept a head", () => {
    fc.assert(
      fc.property(history(25), fc.nat(), ({ events }, which) => {
        const { event, hash = "" } = sealAll(events).at(-1) ?? {}
        const target = which % events.length
        const forged = sealAll(
          events.with(target, { ...(events[target] as AuditEvent), actor: { userId: "somebody else entirely" } })
        )
        expect(verifyChain(forged)).toBeNull()
        expect(verifyChain(forged, { sequence: event?.sequence ?? 0, hash })).toEqual({
          sequence: events.length,
          fault: "altered"
        })
      }),
      { numRuns: numRuns(50) }
    )
  })
})

describe("a hash", () => {
  it("is that of RFC 8785: known values stay what they are", () => {
    // printf '{"a":[1,true,null,"\\u20ac"],"b":"x"}' with the euro sign itself, | sha256sum
    expect(fingerprint({ b: "x", a: [1, true, null, "\u20ac"], c: undefined })).toBe(
      "fc44007e54c59815e8f8c503cfe96340d2a5009b916d66141a5f514dc2a51a49"
    )
  })

  it("of the same text under another salt is another one", () => {
    fc.assert(
      fc.property(history(), ({ events: [event] }) => {
        const [a, b] = [1, 2].map((salt) => event && seal(event, null, saltOf(salt)))
        expect(a?.confidentialSeal).not.toBe(b?.confidentialSeal)
        expect(a?.hash).not.toBe(b?.hash)
      }),
      { numRuns: numRuns(20) }
    )
  })
})

describe("the canonical text of an event in its chain", () => {
  /** The event with something else in the place of one of its members, with a member more, or with one less. */
  const tampered = fc
    .tuple(
      history(6).map(({ events }) => events.at(-1) as AuditEvent),
      fc.oneof(fc.nat(12), fc.constant(-1)),
      fc.oneof(
        text(),
        fc.constantFrom<unknown>(null, undefined, 5, true, [], {}, '"', "\\", "\u0000", "\u001f", "\u007f", "\u00e9")
      )
    )
    .map(([event, at, other]) => {
      const names = [...Object.keys(event), "more"]
      return at < 0 ? event : { ...event, [names[at] ?? "more"]: other }
    })
  const hash = fc.oneof(fc.constantFrom("a".repeat(64), "", "\u20ac", '"quoted"'), text())

  it("is that of the same members as any value, whatever they are", () => {
    const [usual] = fc.sample(history(1), { numRuns: 1, seed: 1 }).flatMap(({ events }) => events)
    if (usual === undefined) throw new Error("a history has at least one event")
    for (const name of [...Object.keys(usual), "more"]) {
      for (const odd of [undefined, null, 5, '"', "more"]) {
        const event = { ...usual, [name]: odd } as AuditEvent
        const value = { ...event, confidential: undefined, confidentialSeal: "seal", previousHash: null }
        expect(canonicalEvent(event, "seal", null)).toBe(canonicalJson(value))
      }
    }
    fc.assert(
      fc.property(tampered, hash, fc.option(hash), fc.nat(11), (event, confidentialSeal, previousHash, left) => {
        const asValue = (each: AuditEvent) => canonicalJson({ ...each, confidential: undefined, confidentialSeal, previousHash })
        expect(canonicalEvent(event, confidentialSeal, previousHash)).toBe(asValue(event))
        const less = Object.fromEntries(Object.entries(event).filter((_, index) => index !== left)) as unknown as AuditEvent
        expect(canonicalEvent(less, confidentialSeal, previousHash)).toBe(asValue(less))
      }),
      { numRuns: numRuns(500) }
    )
  })
})
