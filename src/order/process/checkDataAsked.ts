/**
 * Whether rules ask for own data that the schema of the process does not know, which is most often a misspelt name. The compiler finds this in
 * TypeScript; here each rule is asked once about a made-up order, and what it looks at is noted. What it answers, or throws, is not looked at.
 */
import * as Result from "effect/Result"
import { place } from "../commands/place.ts"
import { Currency } from "../Money.ts"
import { CustomerId, type Order, OrderId, Sku, TenantId } from "../Order.ts"
import { RequestId } from "../orderEvent.ts"
import { fromMillis } from "../Timestamp.ts"
import type { LoadedProcess } from "./loadProcess.ts"
import type { RuleFacts } from "./OwnGuard.ts"
import type { OrderProcess } from "./orderProcess.ts"

/** What is wrong, by rule. */
export const dataAskedFaults = (process: OrderProcess, { version, data }: LoadedProcess): ReadonlyArray<string> => {
  const known = new Set(Object.keys(process.data?.schema.fields ?? {}))
  const order = sampleOrder(version, data.initial)
  const ask = (rule: (facts: RuleFacts<never, never>) => unknown, type: string): ReadonlyArray<string> => {
    const unknown = new Set<string>()
    const watched = new Proxy(data.initial, {
      get: (own, name, receiver) => {
        if (typeof name === "string" && !known.has(name) && !(name in Object.prototype) && name !== "toJSON") unknown.add(name)
        return Reflect.get(own, name, receiver) as unknown
      }
    })
    Result.try(() => rule({ order: { ...order, data: watched }, command: { type }, at: order.createdAt, actor } as never))
    return [...unknown]
  }
  const inWords = (rule: string) => (name: string) => `${rule}: the own data have no member ${name}`
  return [
    ...[...process.guards].flatMap(([name, { holds, before }]) => ask(holds, before).map(inWords(`guard ${name}`))),
    ...[...process.commands].flatMap(([name, { data: next }]) =>
      next === undefined ? [] : ask(next, name).map(inWords(`command ${name}: data`))
    )
  ]
}

const actor = { userId: "user" }

/** A pending order, of which nothing is anybody's. */
const sampleOrder = (process: LoadedProcess["version"], data: NonNullable<Order["data"]>): Order => {
  const sku = Sku.make("SKU")
  const placed = place(
    { initial: "pending", process: { version: process } },
    {
      customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
      billingAddress: { contactName: "Ada Lovelace", streetAddress: "Street 1", city: "London", country: "GB" },
      items: [{ sku, quantity: 1 }]
    },
    {
      tenantId: TenantId.make("tenant"),
      orderId: OrderId.make("order"),
      customerId: CustomerId.make("customer"),
      variants: new Map([
        [
          sku,
          {
            sku,
            productName: "Product",
            isActive: true,
            currency: Currency.make("EUR"),
            pricing: [{ contractLength: 12, monthlyPrice: 100 }]
          }
        ]
      ]),
      data
    },
    { at: fromMillis(Date.UTC(2026, 0, 1)), actor, requestId: RequestId.make("request") }
  )
  return Result.getOrThrow(placed).after
}
