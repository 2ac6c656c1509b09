/** Where the registry and the subscriptions do not agree: every status of an asset, with each subscription that there can be on it. */
import { describe, expect, it } from "vitest"
import { isOut } from "../../src/asset/assetTable.ts"
import { disagreementOf, type SubscriptionOnAsset } from "../../src/asset/disagreement.ts"
import { AssetStatus, type RegisteredAsset } from "../../src/asset/RegisteredAsset.ts"
import { SerialNumber, Sku, SubscriptionId, type SubscriptionStatus, TenantId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const at = Timestamp.make("2026-11-28T12:00:00.000Z")
const subscriptionId = SubscriptionId.make("sub-1")
const asset = (status: AssetStatus, bound?: SubscriptionId): RegisteredAsset => ({
  tenantId: TenantId.make("demo"),
  serialNumber: SerialNumber.make("A"),
  sku: Sku.make("LAPTOP"),
  productName: "The laptop",
  status,
  ...(bound !== undefined && { subscriptionId: bound }),
  version: 1,
  createdAt: at,
  createdBy: "ada",
  updatedAt: at
})
const subscription = (status: SubscriptionStatus, assetIsRegistered?: true): SubscriptionOnAsset => ({
  subscriptionId,
  status,
  ...(assetIsRegistered && { assetIsRegistered })
})

describe("an asset under an active subscription", () => {
  const active = subscription("active", true)

  it.each(AssetStatus.literals)("that is %s agrees with it only while it is out for it", (status) => {
    const found = disagreementOf(asset(status, subscriptionId), active, active)
    expect(found).toBe(isOut(status) ? null : `asset A is ${status}, and subscription sub-1 is active on it`)
  })

  it("is out for no other", () => {
    const other = disagreementOf(asset("rented_out", SubscriptionId.make("sub-2")), active, null)
    expect(other).toBe("asset A is out for sub-2, and subscription sub-1 is active on it")
    const none = disagreementOf(asset("rented_out"), active, null)
    expect(none).toBe("asset A is out for no subscription, and subscription sub-1 is active on it")
  })
})

describe("an asset under no active subscription", () => {
  const missed = "asset A is rented_out, and no subscription has it"

  it.each(AssetStatus.literals.filter((status) => !isOut(status)))("may be %s", (status) => {
    expect(disagreementOf(asset(status), null, null)).toBeNull()
  })

  it("is out after a cancel, until its return is recorded", () => {
    expect(disagreementOf(asset("rented_out", subscriptionId), null, subscription("cancelled", true))).toBeNull()
    expect(disagreementOf(asset("rented_out", subscriptionId), null, subscription("cancelled"))).toBeNull()
  })

  it.each(["ended_early_return", "ended_completed"] as const)(
    "is out after one that is %s only if that knew nothing of the registry",
    (status) => {
      expect(disagreementOf(asset("rented_out", subscriptionId), null, subscription(status))).toBeNull()
      expect(disagreementOf(asset("rented_out", subscriptionId), null, subscription(status, true))).toBe(missed)
    }
  )

  it("is not out for one that is active elsewhere, or for none", () => {
    expect(disagreementOf(asset("rented_out", subscriptionId), null, subscription("active"))).toBe(missed)
    expect(disagreementOf(asset("rented_out", subscriptionId), null, null)).toBe(missed)
  })
})
