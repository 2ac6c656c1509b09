/** Every path through the machine of assets, run by XState itself, and walked with real assets: each ends where the machine says. */
import * as Result from "effect/Result"
import { transition } from "xstate"
import { getShortestPaths, getSimplePaths } from "xstate/graph"
import { describe, expect, it } from "vitest"
import { type AssetEvent, assetMachine, markOf } from "../../src/asset/assetMachine.ts"
import { answerOfAsset, moveWords } from "../../src/asset/assetTable.ts"
import { decideChanging, decideRegistering } from "../../src/asset/decideAsset.ts"
import { AssetStatus, type RegisteredAsset } from "../../src/asset/RegisteredAsset.ts"
import { CustomerId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const events: ReadonlyArray<AssetEvent> = [
  ...moveWords.map((type) => ({ type })),
  ...Object.values(markOf).flatMap((type) => [true, false].map((isInUse) => ({ type, isInUse })))
]

const use = { subscriptionId: SubscriptionId.make("subscription"), customerId: CustomerId.make("customer") }
const occasion = { at: Timestamp.make("2026-11-28T12:00:00.000Z"), actor: { userId: "ada" } }
const serialNumber = SerialNumber.make("serial")

const registered: RegisteredAsset = Result.getOrThrow(
  decideRegistering(
    { serialNumber, sku: Sku.make("LAPTOP"), productName: "The laptop", status: "available" },
    { tenantId: TenantId.make("demo"), asset: null, use: null, variant: "active" },
    occasion
  )
).after

/** What an event makes of an asset: by hand the decision says, by a command on an order the step. */
const after = (asset: RegisteredAsset, event: AssetEvent): RegisteredAsset => {
  const status = AssetStatus.literals.find((each) => markOf[each] === event.type)
  if (status !== undefined && "isInUse" in event) {
    const decision = decideChanging({ serialNumber, status }, { asset, use: event.isInUse ? use : null }, occasion)
    const answer = answerOfAsset(asset.status, event)
    if (Result.isFailure(decision)) expect(decision.failure.code).toBe(answer.refusal)
    return Result.isSuccess(decision) ? decision.success.after : asset
  }
  const { to, refusal } = answerOfAsset(asset.status, event)
  return refusal === undefined ? { ...asset, status: to } : asset
}

describe("the table and XState agree", () => {
  it.each(AssetStatus.literals)("on an asset that is %s, about every event", (status) => {
    for (const event of events) {
      const [next, actions] = transition(assetMachine, assetMachine.resolveState({ value: status }), event)
      // What the machine emits is in what its action carries.
      const codes = actions.map(({ params }) => (params as unknown as { event: { code: string } }).event.code)
      const { to, refusal } = answerOfAsset(status, event)
      expect([to, refusal === undefined ? [] : [refusal]], JSON.stringify(event)).toEqual([next.value, codes])
    }
  })
})

describe("every path of the machine", () => {
  const walk = (paths: ReturnType<typeof getSimplePaths<typeof assetMachine>>) =>
    new Set(
      paths.map(({ state, steps }) => {
        let asset = registered
        for (const { event } of steps) if (events.some(({ type }) => type === event.type)) asset = after(asset, event)
        expect(asset.status).toBe(state.value)
        return asset.status
      })
    )

  it("that is simple ends where the machine says", () => {
    const paths = getSimplePaths(assetMachine, { events: [...events] })
    expect(walk(paths)).toEqual(new Set(AssetStatus.literals))
    expect(paths.length).toBeGreaterThanOrEqual(2 * AssetStatus.literals.length)
  })

  it("that is shortest does too, and there is one to every status", () => {
    const paths = getShortestPaths(assetMachine, { events: [...events] })
    expect(walk(paths)).toEqual(new Set(AssetStatus.literals))
    expect(paths.length).toBe(AssetStatus.literals.length)
  })
})
