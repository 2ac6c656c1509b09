/** What is packed comes out as it went in: any JSON value, among others, whatever text is in it. */
import { describe, expect, it } from "vitest"
import { isSameValue } from "../../src/memory/isSameValue.ts"
import { PackedBytes } from "../../src/memory/PackedBytes.ts"
import { PackedEvents } from "../../src/memory/PackedEvents.ts"
import { Packer } from "../../src/memory/Packer.ts"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { history, reason, text } from "../../src/testing/arbitraries.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** Texts in the form of what has a form of its own in packed bytes, and texts that only nearly are. */
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdef")), minLength: length, maxLength: length })
const uuid = fc.uuid()
const time = fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
const formed = fc.oneof(
  hex(64),
  uuid,
  time,
  fc.constantFrom("0000-99-99T99:99:99.999Z", "9999-12-31T23:59:60.000Z"),
  fc.tuple(text(8), uuid).map(([prefix, id]) => prefix + id)
)
const nearlyFormed = fc
  .tuple(formed, fc.nat(64), fc.string({ unit: "binary", minLength: 0, maxLength: 2 }))
  .map(([whole, at, other]) => {
    const place = Math.min(at, whole.length - 1)
    return whole.slice(0, place) + other + whole.slice(place + 1)
  })
/** Any sequence of UTF-16 code units, well-formed or not. */
const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((all) => String.fromCharCode(...all))
const anyText = fc.oneof(text(), units, formed, nearlyFormed, fc.constantFrom("pending", "the tenant", "the order"))

const name = fc.oneof(text(10), units, fc.constantFrom("__proto__", "valueOf", "", "0", "17", "toString"))
const value = fc.letrec((tie) => ({
  scalar: fc.oneof(anyText, fc.double(), fc.maxSafeInteger(), fc.nat(300), fc.boolean(), fc.constantFrom(null, undefined, -0)),
  list: fc.array(tie("any"), { maxLength: 5 }),
  members: fc.dictionary(name, tie("any"), { maxKeys: 6, noNullPrototype: true }),
  twice: tie("members").map((one) => [one, { one, other: one }]),
  any: fc.oneof({ depthSize: "small" }, tie("scalar"), tie("list"), tie("members"), tie("twice"))
})).any

/** The names of all objects in a value, in their order. */
const namesIn = (json: unknown): unknown =>
  typeof json === "object" && json !== null ? Object.entries(json).map(([each, member]) => [each, namesIn(member)]) : null

describe("packed values", () => {
  it("come out exactly as they went in, with all others that the same packer has written", () => {
    const given = ["the tenant", "the order"]
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
        const packer = new Packer()
        const bytes = new PackedBytes(new Uint8Array(1))
        // Twice, as text is written in another way when it comes again.
        const written = [...values, ...values].map((each) => {
          const { at } = bytes
          packer.write(bytes, each, given)
          return { each, at, end: bytes.at }
        })
        for (const { each, at, end } of written) {
          bytes.at = at
          const read = packer.read(bytes, given)
          expect(read).toStrictEqual(each)
          expect(namesIn(read)).toStrictEqual(namesIn(each))
          expect(isSameValue(read, each)).toBe(true)
          expect(bytes.at).toBe(end)
          tried("values packed and unpacked")
        }
      }),
      { numRuns: numRuns(1_000) }
    )
  })

  it("come out, too, when there are more texts and names than a packer numbers", () => {
    const packer = new Packer()
    const bytes = new PackedBytes(new Uint8Array(1))
    const values = Array.from({ length: 10_000 }, (_, n) => ({
      [`name ${n}`]: n,
      text: `text ${n % 6_000}`,
      far: "\u{1F600}".repeat(n % 3)
    }))
    const places = values.map((each) => {
      const { at } = bytes
      packer.write(bytes, each, [])
      return at
    })
    values.forEach((each, n) => {
      bytes.at = places[n] ?? 0
      expect(packer.read(bytes, [])).toStrictEqual(each)
    })
  })

  it("of any length come out", () => {
    const packer = new Packer()
    const bytes = new PackedBytes(new Uint8Array(1))
    for (const each of ["x".repeat(300_000), "\u20ac".repeat(70_000), Array.from({ length: 5_000 }, (_, n) => n)]) {
      bytes.at = 0
      packer.write(bytes, each, [])
      bytes.at = 0
      expect(packer.read(bytes, [])).toStrictEqual(each)
    }
  })

  it("that are damaged are noticed", () => {
    expect(() => new Packer().read(new PackedBytes(Uint8Array.of(100)), [])).toThrow("packed bytes are damaged")
  })
})

describe("whether two values are the same", () => {
  it("does not depend on the order of members, and on everything else", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSameValue(a, structuredClone(a))).toBe(true)
        const isSame = isSameValue(a, b)
        expect(isSame).toBe(isSameValue(b, a))
        if (isSame) expect(a).toStrictEqual(b)
      }),
      { numRuns: numRuns(500) }
    )
    expect(isSameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true)
    for (const other of [{}, { a: undefined }, { a: 1, b: undefined }, { b: 1 }, { a: [1] }, { a: { 0: 1 } }, [1], null])
      expect(isSameValue({ a: 1 }, other)).toBe(false)
    expect(isSameValue({ a: undefined }, { b: undefined })).toBe(false)
    expect(isSameValue([1], { 0: 1 })).toBe(false)
  })
})

describe("packed events", () => {
  it("are read one behind the other, whoever was written in between, and without their text once they are erased", () => {
    fc.assert(
      fc.property(
        fc.array(history(6), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(3), { maxLength: 6 }),
        (histories, erasures) => {
          const packed = new PackedEvents(TenantId.make("tenant"))
          const chains = histories.map(({ events }, order) => {
            let head: string | null = null
            return events.map((event, n) => {
              const own = { ...event, orderId: OrderId.make(`order ${order}`) }
              const sealed: SealedEvent = seal(own, head, (order * 100 + n).toString(16).padStart(64, "0"))
              head = sealed.hash
              return sealed
            })
          })
          const addresses = chains.map((): Array<number> => [])
          for (let n = 0; n < 10; n++) {
            chains.forEach((chain, order) => {
              const [sealed, before] = [chain[n], chain[n - 1]]
              if (sealed === undefined) return
              addresses[order]?.push(packed.append(sealed, addresses[order]?.at(-1) ?? null, before?.hash ?? null))
            })
          }
          for (const n of erasures) {
            const [chain = [], places = []] = [chains[0], addresses[0]]
            const [sealed, place] = [chain[n], places[n]]
            if (sealed === undefined || place === undefined || n === 0) continue
            packed.erase(place, sealed.event.orderId)
            chain[n] = erase(sealed)
          }
          chains.forEach((chain, order) =>
            chain.forEach((sealed, n) => {
              const { sealed: read, previous } = packed.read(addresses[order]?.[n] ?? -1, sealed.event.orderId)
              expect(read).toStrictEqual(sealed)
              expect(previous).toBe(addresses[order]?.[n - 1] ?? null)
              tried("values packed and unpacked")
            })
          )
        }
      ),
      { numRuns: numRuns(200) }
    )
  })
})

describe("what may have to be erased", () => {
  it("is written out where it stands, however often it comes, and nowhere else", () => {
    const packer = new Packer()
    const isWrittenOut = Array.from({ length: 4 }, () => {
      const bytes = new PackedBytes(new Uint8Array(1))
      const confidential = { reason: "my neighbour's name is Grace" }
      packer.write(bytes, { type: "order.cancelled", confidential }, [], confidential)
      const written = String.fromCharCode(...bytes.bytes)
      expect(written).toContain(confidential.reason)
      bytes.at = 0
      expect(packer.read(bytes, [])).toStrictEqual({ type: "order.cancelled", confidential })
      return written.includes("order.cancelled")
    })
    // Any other text is written out once, and then it is known.
    expect(isWrittenOut).toEqual([true, false, false, false])
  })

  it("is overwritten when it is erased, and erasing again changes nothing", () => {
    fc.assert(
      fc.property(history(8), reason, ({ events }, text) => {
        const packed = new PackedEvents(TenantId.make("tenant"))
        const [placed] = events
        if (placed === undefined) throw new Error("a history has at least one event")
        const cancelled = {
          ...placed,
          type: "order.cancelled",
          details: {},
          confidential: { reason: text }
        } as SealedEvent["event"]
        const sealed = seal(cancelled, null, "a".repeat(64))
        const address = packed.append(sealed, null, null)
        const behind = packed.append(seal(placed, sealed.hash, "b".repeat(64)), address, sealed.hash)
        for (let times = 0; times < 2; times++) {
          packed.erase(address, placed.orderId)
          expect(packed.read(address, placed.orderId)).toStrictEqual({ sealed: erase(sealed), previous: null })
          expect(packed.read(behind, placed.orderId).sealed.event).toStrictEqual(placed)
        }
      }),
      { numRuns: numRuns(200) }
    )
  })
})

const erase = (sealed: SealedEvent): SealedEvent =>
  ({ ...sealed, salt: null, event: { ...sealed.event, confidential: {} } }) as SealedEvent
