/** S7: where a registered asset and the subscriptions on it do not agree, `verify` says so, and says nothing where they do. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { verify } from "../../src/verify/verify.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, newCaller, newSerial, shopOver } from "../support/world.ts"

const run = sharedLayer(shopOver(postgresStore, { assetRegistry: "on" }))

/** Two devices that are out, one that was left out by a cancel, and one on the shelf. */
const scene = Effect.gen(function* () {
  const [lifecycle, registry] = [yield* OrderLifecycle, yield* AssetRegistry]
  const caller = newCaller()
  const order = yield* confirmedOrder(caller, 3)
  const serials = { first: newSerial(), second: newSerial(), cancelled: newSerial(), shelf: newSerial() }
  for (const serialNumber of Object.values(serials)) {
    yield* registry.register(caller, { serialNumber, sku: laptop, productName: "The laptop", status: "available" })
  }
  const start = (assetSerialNumber: (typeof serials)["first"]) =>
    lifecycle.startSubscription(caller, {
      orderId: order.orderId,
      customerId: order.customer.customerId,
      assetSerialNumber
    })
  const idOf = (started: Effect.Success<ReturnType<typeof start>>) => started.event.details.subscriptionId
  const [first, second, cancelled] = [yield* start(serials.first), yield* start(serials.second), yield* start(serials.cancelled)]
  yield* lifecycle.cancelSubscription(caller, { rentalId: idOf(cancelled), reason: "other" })
  return { tenantId: caller.tenantId, serials, ids: { first: idOf(first), second: idOf(second) } }
})
type Scene = Effect.Success<typeof scene>

const found = (tenantId: string) =>
  Effect.map(Stream.runCollect(Stream.filter(verify(), (each) => each.tenantId === tenantId)), (all) =>
    [...all].flatMap(({ id, message }) => (id === "S7" ? [message] : []))
  )

describe("the registry and the subscriptions", () => {
  it("agree about what is out, what a cancel left out, and what is on the shelf", () =>
    run(Effect.flatMap(scene, ({ tenantId }) => Effect.map(found(tenantId), (messages) => expect(messages).toEqual([])))))

  const where = ({ tenantId, serials }: Scene, serial: keyof Scene["serials"]) =>
    `WHERE tenant_id = '${tenantId}' AND serial_number = '${serials[serial]}'`
  const damages: ReadonlyArray<readonly [does: string, sql: (scene: Scene) => string, message: (scene: Scene) => string]> = [
    [
      "puts an asset on the shelf that is rented",
      (at) =>
        `UPDATE order_lifecycle.assets SET status = 'available', subscription_id = NULL, customer_id = NULL ${where(at, "first")}`,
      ({ serials, ids }) => `asset ${serials.first} is available, and subscription ${ids.first} is active on it`
    ],
    [
      "says that an asset is out for another subscription",
      (at) => `UPDATE order_lifecycle.assets SET subscription_id = '${at.ids.second}' ${where(at, "first")}`,
      ({ serials, ids }) => `asset ${serials.first} is out for ${ids.second}, and subscription ${ids.first} is active on it`
    ],
    [
      "has an early return leave the asset out",
      (at) =>
        `UPDATE order_lifecycle.subscriptions SET status = 'ended_early_return', ended = '{}'
          WHERE tenant_id = '${at.tenantId}' AND subscription_id = '${at.ids.first}'`,
      ({ serials }) => `asset ${serials.first} is rented_out, and no subscription has it`
    ],
    [
      "takes an asset off the shelf for a subscription that has another",
      (at) =>
        `UPDATE order_lifecycle.assets SET status = 'rented_out', subscription_id = '${at.ids.second}', customer_id = 'x' ${where(at, "shelf")}`,
      ({ serials }) => `asset ${serials.shelf} is rented_out, and no subscription has it`
    ]
  ]

  it.each(damages)("do not when somebody %s", (_, sqlOf, message) =>
    run(
      Effect.gen(function* () {
        const sql = (yield* SqlClient.SqlClient).withoutTransforms()
        const at = yield* scene
        yield* sql.withTransaction(Effect.andThen(sql`SET LOCAL session_replication_role = replica`, sql.unsafe(sqlOf(at))))
        expect(yield* found(at.tenantId)).toEqual([message(at)])
      })
    )
  )
})
