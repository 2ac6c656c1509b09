/** Hostile bodies for every endpoint that takes one: refused by name, or accepted and then sound; and nothing that is not asked for is kept. */
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Result from "effect/Result"
import { afterAll, describe, expect, it } from "vitest"
import { bodyLimits } from "../../src/http/bodyLimits.ts"
import { readBody } from "../../src/http/readBody.ts"
import { findRoute } from "../../src/http/routes.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { TenantId } from "../../src/order/Order.ts"
import { CancelOrder } from "../../src/order/commands/cancel.ts"
import { CancelSubscription } from "../../src/order/commands/cancelSubscription.ts"
import { PlaceOrder } from "../../src/order/commands/place.ts"
import { RewriteNotes } from "../../src/order/RewriteNotes.ts"
import { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import { reader } from "../../src/order/readInput.ts"
import { hasCommonHeaders, openService } from "../http/client.ts"
import { amount, tried } from "../support/evidence.ts"
import { canary, hostileBody } from "../support/hostileBodies.ts"
import { leakIn } from "../support/leaks.ts"
import { recordedStore } from "../support/recordedStore.ts"
import { pick, type Random, seeded } from "../support/seeded.ts"
import { servedContract } from "../support/servedContract.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"
import { laptop, monitor, requestFor } from "../support/world.ts"

// Each refusal is an error.
withoutStackTraces()

const store = recordedStore()
const service = openService(store.layer)
afterAll(() => service.dispose())
const tenantId = TenantId.make("demo")
const { judge } = servedContract()

/** What hostile bodies are about: an order that is pending, one that is rented out, and its subscription. */
interface Targets {
  readonly pending: string
  readonly rented: string
  readonly rentalId: string
  readonly customerId: string
}

let serials = 0
const newTargets = async (): Promise<Targets> => {
  const rented = await service.confirmed(3)
  const { body } = await service.rent(rented, `BODY-${++serials}`)
  return {
    pending: await service.place(1),
    rented,
    rentalId: body["rentalId"] as string,
    customerId: (await service.order(rented)).customer.customerId
  }
}

const endpoints: ReadonlyArray<{
  readonly method: string
  readonly path: (targets: Targets) => string
  readonly valid: (targets: Targets) => unknown
  readonly read: (body: unknown) => Result.Result<unknown, unknown>
}> = [
  {
    method: "POST",
    path: () => "/v1/orders",
    valid: () => ({
      ...requestFor([laptop, 1], [monitor, 2]),
      orderType: "standard",
      shippingAddress: { contactName: "A", streetAddress: "B", city: "C", country: "D", postalCode: null },
      notes: "n"
    }),
    read: reader(PlaceOrder)
  },
  {
    method: "PATCH",
    path: ({ pending }) => `/v1/orders/${pending}/notes`,
    valid: () => ({ notes: "new" }),
    read: reader(RewriteNotes)
  },
  { method: "POST", path: ({ pending }) => `/v1/orders/${pending}/confirm`, valid: () => ({}), read: Result.succeed },
  {
    method: "POST",
    path: ({ pending }) => `/v1/orders/${pending}/cancel`,
    valid: () => ({ reason: "why" }),
    read: reader(CancelOrder)
  },
  {
    method: "POST",
    path: () => "/v1/subscriptions",
    valid: ({ rented, customerId }) => ({
      orderId: rented,
      assetSerialNumber: `BODY-${++serials}`,
      customerId,
      sku: laptop,
      contractLength: 12,
      startDate: "2026-12-01",
      notes: "n"
    }),
    read: reader(StartSubscription)
  },
  {
    method: "POST",
    path: ({ rentalId }) => `/v1/subscriptions/${rentalId}/cancel`,
    valid: ({ rentalId }) => ({ rentalId, reason: "other", notes: "n" }),
    read: reader(CancelSubscription)
  }
]

const nobody: Targets = { pending: "p", rented: "r", rentalId: "s", customerId: "c" }
const requestOf = (body: string) =>
  HttpServerRequest.fromWeb(
    new Request("http://orders.test/", { method: "POST", body, headers: { "content-type": "application/json" } })
  )

/** The schemas that the service reads the body of an endpoint with. */
const schemasOf = ({ method, path }: (typeof endpoints)[number]) => {
  const found = findRoute(method, path(nobody))
  if ("fault" in found) throw new Error(`no route is ${method} ${path(nobody)}`)
  return found.operation.body
}

const isUnpolluted = () => Reflect.ownKeys(Object.prototype).length === ownKeys && !("polluted" in {})
const ownKeys = Reflect.ownKeys(Object.prototype).length

describe("hostile bodies", () => {
  const read = amount(95_000, 1_000)

  it(`are read, ${read} of them, or refused by name`, () =>
    seeded(async (random) => {
      let [refused, unread, accepted] = [0, 0, 0]
      const one = Effect.fnUntraced(function* (body: string, endpoint: (typeof endpoints)[number]) {
        const text = yield* Effect.result(readBody(requestOf(body), bodyLimits.other, schemasOf(endpoint)))
        if (Result.isFailure(text)) {
          expect(["InvalidInput", "HttpFault"]).toContain(text.failure._tag)
          unread++
          return
        }
        const result = endpoint.read(JSON.parse(text.success))
        if (Result.isFailure(result)) refused++
        else accepted++
        if (Result.isFailure(result)) expect(result.failure).toMatchObject({ _tag: "InvalidInput" })
        else if (endpoint.read !== Result.succeed) expect(JSON.stringify(result.success)).not.toContain(canary)
      })
      await Effect.runPromise(
        Effect.gen(function* () {
          for (let number = 0; number < read; number++) {
            const endpoint = pick(random, endpoints)
            yield* one(hostileBody(random, endpoint.valid(nobody)), endpoint)
          }
        })
      )
      expect(isUnpolluted()).toBe(true)
      expect(Math.min(refused, unread, accepted)).toBeGreaterThan(read / 100)
      tried("hostile bodies read or refused", read)
    }))

  const handled = amount(5_000, 500)

  it(`are answered, ${handled} of them: refused and nothing done, or accepted and sound`, () =>
    seeded(async (random) => {
      const statuses = new Map<number, number>()
      let targets = await newTargets()
      for (let number = 0; number < handled; number++) {
        if (number % 40 === 39) targets = await newTargets()
        const status = await attack(random, targets)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      expect(isUnpolluted()).toBe(true)
      expect(await store.broken(tenantId)).toEqual([])
      expect(await store.contents(tenantId)).not.toContain(canary)
      for (const status of [200, 201, 400]) expect(statuses.get(status) ?? 0).toBeGreaterThan(10)
      tried("hostile bodies answered", handled)
    }))
})

const attack = async (random: Random, targets: Targets): Promise<number> => {
  const { method, path, valid } = pick(random, endpoints)
  const body = hostileBody(random, valid(targets))
  const before = store.writes.length
  const { status, text, headers } = await service.call(method, path(targets), { raw: body })
  const written = store.writes.slice(before)
  const faults = [
    judge(method, path(targets), { status, text }),
    status >= 500 ? "a fault of the service" : undefined,
    status >= 400 && written.length > 0 ? `refused, and ${written.map(({ what }) => what).join(", ")}` : undefined,
    status < 400 && written.length !== 1 ? `accepted, and written ${written.length} times` : undefined,
    hasCommonHeaders(headers) ? undefined : "without the headers of every answer",
    status < 400 && text.includes(canary) ? "echoes an unknown member" : undefined,
    status >= 400 ? leakIn(text.replaceAll("DROP TABLE", "")) : undefined,
    ...written.flatMap(({ order }) => (order ? brokenLaws(order) : []))
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0)
    throw new Error(`${faults.join("; ")}: ${method} ${path(targets)} with ${JSON.stringify(body)} is answered ${text}`)
  return status
}
