/** Assets over HTTP: shapes, codes, keys and pages, as callers see them. */
import { afterAll, describe, expect, it } from "vitest"
import { laptop } from "../support/world.ts"
import { codeOf, detailsOf, openService } from "./client.ts"

const { call, confirmed, rent, order, dispose } = openService()
afterAll(() => dispose())

const device = (serialNumber: string, more: object = {}) => ({
  serialNumber,
  sku: laptop,
  productName: "The laptop",
  status: "available",
  ...more
})
const register = (serialNumber: string, more: object = {}) => call("POST", "/v1/assets", { body: device(serialNumber, more) })

describe("an asset", () => {
  it("is registered, read, changed and taken out of use", async () => {
    const registered = await register("S-1", { location: "Shelf 3", notes: "scratched" })
    const time = expect.any(String) as unknown
    const asset = {
      ...device("S-1", { location: "Shelf 3", notes: "scratched" }),
      tenantId: "demo",
      createdAt: time,
      updatedAt: time
    }
    expect([registered.status, registered.body]).toEqual([
      201,
      { success: true, message: "Asset registered successfully", serialNumber: "S-1", asset }
    ])
    expect((await call("GET", "/v1/assets/S-1")).body).toEqual(asset)
    const changed = await call("PATCH", "/v1/assets/S-1", { body: { status: "unavailable", notes: "", reason: "broken" } })
    expect([changed.status, changed.body]).toEqual([
      200,
      {
        success: true,
        message: "Asset updated successfully",
        serialNumber: "S-1",
        asset: { ...asset, status: "unavailable", notes: "" }
      }
    ])
    const taken = await call("DELETE", "/v1/assets/S-1")
    expect([taken.status, taken.body]).toEqual([200, { success: true, message: "Asset taken out of use", serialNumber: "S-1" }])
  })

  it("says for which rental it is out, and is left alone while it is", async () => {
    const orderId = await confirmed(1)
    const rentalId = String((await rent(orderId, "S-2")).body["rentalId"])
    expect(codeOf(await register("S-2"))).toBe("INVALID_STATUS")
    const { body } = await register("S-2", { status: "rented_out" })
    const { customerId } = (await order(orderId)).customer
    expect(body["asset"]).toMatchObject({ status: "rented_out", rentalId, customerId })
    for (const query of [`rentalId=${rentalId}`, `customerId=${customerId}&status=rented_out&status=sold`]) {
      const { body: page } = await call("GET", `/v1/assets?${query}`)
      expect(page).toMatchObject({ assets: [{ serialNumber: "S-2" }], count: 1, limit: 50, hasMore: false, nextCursor: null })
    }
    for (const attempt of [
      await call("PATCH", "/v1/assets/S-2", { body: { status: "returned" } }),
      await call("DELETE", "/v1/assets/S-2")
    ]) {
      expect([attempt.status, codeOf(attempt)]).toEqual([409, "ASSET_IN_USE"])
    }
    const again = await register("S-2", { status: "rented_out" })
    expect([again.status, codeOf(again)]).toEqual([409, "ASSET_EXISTS"])
  })

  it("answers again under a key, to a POST and to a PATCH", async () => {
    const headers = { "idempotency-key": "register S-3" }
    const first = await call("POST", "/v1/assets", { body: device("S-3"), headers })
    const again = await call("POST", "/v1/assets", { body: device("S-3"), headers })
    expect([again.status, again.text]).toEqual([first.status, first.text])
    expect([first.headers.get("idempotent-replayed"), again.headers.get("idempotent-replayed")]).toEqual([null, "true"])
    const change = { body: { location: "Shelf 1" }, headers: { "idempotency-key": "move S-3" } }
    const moved = await call("PATCH", "/v1/assets/S-3", change)
    await call("PATCH", "/v1/assets/S-3", { body: { location: "Shelf 2" } })
    const repeated = await call("PATCH", "/v1/assets/S-3", change)
    expect([repeated.text, repeated.headers.get("idempotent-replayed")]).toEqual([moved.text, "true"])
    expect((await call("GET", "/v1/assets/S-3")).body["location"]).toBe("Shelf 2")
    const other = await call("PATCH", "/v1/assets/S-3", { ...change, body: { location: "Shelf 9" } })
    expect([other.status, codeOf(other)]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"])
  })

  it("is refused by the place of what is wrong", async () => {
    const wrong = await call("POST", "/v1/assets", { body: { serialNumber: " S", sku: "", status: "lost" } })
    expect([wrong.status, codeOf(wrong)]).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(wrong).map(({ path }) => path)).toEqual(["serialNumber", "sku", "productName", "status"])
    const nothing = await call("PATCH", "/v1/assets/S-1", { body: { reason: "why" } })
    expect([nothing.status, codeOf(nothing)]).toEqual([400, "VALIDATION_ERROR"])
    for (const query of ["status=lost", "sortBy=location", "limit=0", "nonsense=1", "startAfter=x"]) {
      expect((await call("GET", `/v1/assets?${query}`)).status, query).toBe(400)
    }
    expect((await call("GET", "/v1/assets/S-1", { headers: { "tenant-id": "other" } })).status).toBe(404)
  })

  it("is counted in stock only where the registry is on", async () => {
    expect(Object.keys((await call("GET", `/v1/stock/${laptop}`)).body)).toEqual(["sku", "reserved", "rented"])
  })
})
