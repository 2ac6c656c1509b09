/** What is wrong with a chain, by its name: one example of each. */
import { describe, expect, it } from "vitest"
import { seal, type SealedEvent, verifyChain } from "../../src/order/auditChain.ts"
import type { OrderConfirmed } from "../../src/order/commands/confirm.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const [owner, other] = ["order-1", "order-2"].map((id) => ({ tenantId: TenantId.make("demo"), orderId: OrderId.make(id) })) as [
  { tenantId: TenantId; orderId: OrderId },
  { tenantId: TenantId; orderId: OrderId }
]

/** Three events are enough to break a chain in the middle; the chain does not care what they say. */
const eventOf = (sequence: number): typeof OrderConfirmed.Type => ({
  type: "order.confirmed",
  ...owner,
  sequence,
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make(`request-${sequence}`),
  from: "pending",
  to: "confirmed",
  released: [],
  details: {},
  confidential: {}
})
const salt = "0".repeat(64)
const first: SealedEvent = seal(eventOf(1), null, salt)
const second: SealedEvent = seal(eventOf(2), first.hash, salt)
const third: SealedEvent = seal(eventOf(3), second.hash, salt)

describe("a chain is whole", () => {
  it("when nothing is wrong with it, or nothing is there and nothing was expected", () => {
    expect(verifyChain([first, second, third], { sequence: 3, hash: third.hash }, owner)).toBeNull()
    expect(verifyChain([first, second, third], { sequence: 2, hash: second.hash })).toBeNull()
    expect(verifyChain([])).toBeNull()
  })
})

describe("a chain is broken at its second event, which is", () => {
  const altered = { ...second, event: { ...second.event, actor: { userId: "eve" } } }

  it.each<readonly [string, ReadonlyArray<SealedEvent>]>([
    ["missing", [first, third]],
    ["moved", [first, { ...second, event: { ...second.event, orderId: other.orderId } }, third]],
    ["moved", [first, { ...second, event: { ...second.event, tenantId: TenantId.make("another") } }, third]],
    ["relinked", [first, seal(second.event, third.hash, salt), third]],
    ["altered", [first, altered, third]],
    ["confidential altered", [first, { ...second, event: { ...second.event, confidential: { reason: "x" } } } as SealedEvent]],
    ["confidential altered", [first, { ...second, salt: "1".repeat(64) }, third]]
  ])("%s", (fault, chain) => {
    expect(verifyChain(chain)).toEqual({ sequence: 2, fault })
  })
})

describe("a chain is broken for whoever", () => {
  it("kept its head and finds that event missing or another one in its place", () => {
    expect(verifyChain([first, second], { sequence: 3, hash: third.hash })).toEqual({ sequence: 3, fault: "missing" })
    expect(verifyChain([], { sequence: 1, hash: first.hash })).toEqual({ sequence: 1, fault: "missing" })
    expect(verifyChain([first, second, third], { sequence: 2, hash: third.hash })).toEqual({ sequence: 2, fault: "altered" })
  })

  it("knows whose it should be", () => {
    expect(verifyChain([first, second, third], undefined, other)).toEqual({ sequence: 1, fault: "moved" })
  })
})
