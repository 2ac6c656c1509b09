/** Decisions on assets: what is changed and what is not, for any asset, request and use of it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { answerOfAsset, isOut } from "../../src/asset/assetTable.ts"
import { markOf } from "../../src/asset/assetMachine.ts"
import { ChangeAsset, decideChanging, decideRegistering, RegisterAsset } from "../../src/asset/decideAsset.ts"
import { AssetRecord, AssetStatus, type RegisteredAsset } from "../../src/asset/RegisteredAsset.ts"
import { CustomerId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { reason as text } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const status = fc.constantFrom(...AssetStatus.literals)
const use = { subscriptionId: SubscriptionId.make("subscription"), customerId: CustomerId.make("customer") }
const tenantId = TenantId.make("demo")
const serialNumber = SerialNumber.make("serial")
const at = Timestamp.make("2026-11-28T12:00:00.000Z")
const later = fc.constantFrom(at, Timestamp.make("2026-11-28T11:00:00.000Z"), Timestamp.make("2026-11-29T12:00:00.000Z"))
const occasion = { at, actor: { userId: "ada" } }

const asset = fc.record({ status, location: text, notes: text }).map((given): RegisteredAsset => ({
  tenantId,
  serialNumber,
  sku: Sku.make("LAPTOP"),
  productName: "The laptop",
  ...given,
  ...(isOut(given.status) && use),
  version: 7,
  createdAt: at,
  createdBy: "ada",
  updatedAt: at
}))
const request = fc.record({ status, location: text, notes: text, reason: text }, { requiredKeys: [] })

describe("a change by hand", () => {
  it("does what it says and nothing else, or is refused as the machine says", () => {
    fc.assert(
      fc.property(asset, request, fc.boolean(), later, (before, asked, isInUse, now) => {
        const facts = { asset: before, use: isInUse ? use : null }
        const decision = decideChanging({ serialNumber, ...asked }, facts, { ...occasion, at: now })
        const answer = asked.status && answerOfAsset(before.status, { type: markOf[asked.status], isInUse })
        if (Result.isFailure(decision)) {
          expect(decision.failure.code).toBe(answer?.refusal)
          return
        }
        const { after, record } = decision.success
        const { reason, ...texts } = asked
        expect(answer?.refusal).toBeUndefined()
        expect(after).toMatchObject({ ...texts, status: answer?.to ?? before.status, version: 8 })
        expect(after.updatedAt >= before.updatedAt).toBe(true)
        expect(isOut(after.status)).toBe(after.subscriptionId !== undefined && after.customerId !== undefined)
        const { status: _, location: __, notes: ___, subscriptionId: ____, customerId: _____, ...kept } = after
        expect(before).toMatchObject({ ...kept, version: 7, updatedAt: before.updatedAt })
        expect(record).toMatchObject({ from: before.status, asset: after, by: occasion.actor })
        expect([record.reason, "reason" in record]).toEqual([reason, reason !== undefined])
        // It comes back whole from where it is kept.
        expect(Schema.decodeUnknownSync(AssetRecord)(JSON.parse(JSON.stringify(Schema.encodeSync(AssetRecord)(record))))).toEqual(
          record
        )
      }),
      { numRuns: numRuns(1_000) }
    )
  })

  it("needs an asset", () => {
    const decision = decideChanging({ serialNumber, status: "returned" }, { asset: null, use: null }, occasion)
    expect(Result.isFailure(decision) && decision.failure._tag).toBe("AssetNotRegistered")
  })

  it("of nothing is no change", () => {
    for (const nothing of [{}, { reason: "why" }]) {
      expect(() => Schema.decodeUnknownSync(ChangeAsset)(nothing)).toThrow("must name a status, a location or notes")
    }
    for (const something of [{ status: "returned" }, { location: "Shelf 3" }, { notes: "scratched" }])
      expect(Schema.decodeUnknownSync(ChangeAsset)(something)).toEqual(something)
  })
})

describe("registering", () => {
  const asked = { serialNumber, sku: Sku.make("LAPTOP"), productName: "The laptop", status: "available" } as const

  it("is refused for the first of its reasons", () => {
    const known: RegisteredAsset = Result.getOrThrow(
      decideRegistering(asked, { tenantId, asset: null, use: null, variant: "active" }, occasion)
    ).after
    for (const found of [known, null]) {
      for (const variant of ["unknown", "inactive", "active"] as const) {
        for (const used of [use, null]) {
          for (const to of AssetStatus.literals) {
            const facts = { tenantId, asset: found, use: used, variant }
            const decision = decideRegistering({ ...asked, status: to }, facts, occasion)
            const code = Result.isFailure(decision) ? decision.failure.code : undefined
            const codes = { unknown: "VARIANT_NOT_FOUND", inactive: "VARIANT_INACTIVE", active: undefined }
            const wrongStatus = (to === "rented_out") === (used !== null) ? undefined : "INVALID_STATUS"
            const message = { unknown: "is not in the catalogue", inactive: "is not offered at present", active: undefined }[
              variant
            ]
            if (found === null && message !== undefined)
              expect(decision).toMatchObject({ failure: { skus: [asked.sku], details: [{ path: "sku", message }] } })
            expect(code).toBe(found === null ? (codes[variant] ?? wrongStatus) : "ASSET_EXISTS")
            if (Result.isSuccess(decision)) expect(decision.success.after).toMatchObject({ status: to, version: 1, ...used })
          }
        }
      }
    }
  })

  it("takes an identifier as it stands, or not at all", () => {
    const accepts = Schema.is(RegisterAsset)
    for (const wrong of ["", " a", "a ", "a\u200Bb", "nai\u0308ve", "a\u0000", "x".repeat(129), "\u2028"]) {
      expect(accepts({ ...asked, serialNumber: wrong }), JSON.stringify(wrong)).toBe(false)
      expect(accepts({ ...asked, sku: wrong }), JSON.stringify(wrong)).toBe(false)
    }
    expect(accepts({ ...asked, serialNumber: "aB-1 2" })).toBe(true)
    expect(accepts({ ...asked, status: "reserved" })).toBe(false)
  })
})
