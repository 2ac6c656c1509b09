/** One stored database, shown by two versions of Node.js that disagree about the decimals of currencies: the same bytes. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { expect, it } from "vitest"
import type { OrderView } from "../../src/http/views.ts"
import { Assets } from "../../src/lifecycle/Assets.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { Currency, decimalsOf } from "../../src/order/Money.ts"
import { currencyCodes } from "../../src/order/CurrencyForNewAmounts.ts"
import { Sku, TenantId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { requestFor } from "../../src/testing/shop.ts"
import { otherNode } from "../support/otherNode.ts"
import { databaseOf9660eff } from "../support/storedOrders.ts"

const run = promisify(execFile)
const showOrders = fileURLToPath(new URL("../support/showOrders.ts", import.meta.url))
const tenantId = TenantId.make("every-currency")
const skuOf = (currency: string) => Sku.make(`BIKE-${currency}`)

const catalogue = Catalogue.layerStatic(
  currencyCodes.map((currency) => ({
    sku: skuOf(currency),
    productName: "Bike",
    isActive: true,
    currency: Currency.make(currency),
    pricing: [{ contractLength: 12, monthlyPrice: 1_234_567 }]
  }))
)

it("orders in every currency, of this build and of 9660eff, are shown alike by Node.js 22.19.0 and by the project's", () =>
  Effect.gen(function* () {
    const url = yield* databaseOf9660eff
    const store = Layer.provide(PostgresOrderStore.layerMigrated, PostgresConnection.layer({ url, maxConnections: 4 }))
    const services = OrderLifecycle.layer().pipe(Layer.provide([store, catalogue, Assets.layerUnregistered]))
    yield* Effect.flatMap(OrderLifecycle, (lifecycle) =>
      Effect.forEach(
        currencyCodes,
        (currency) =>
          lifecycle.place({ tenantId, actor: { userId: "ada" } }, requestFor([skuOf(currency), 3]), {
            payment: { paidAmount: 12_345 }
          }),
        { concurrency: 4, discard: true }
      )
    ).pipe(Effect.provide(services))

    const shownBy = (node: string) =>
      Effect.promise(async () => {
        const given = [showOrders, Redacted.value(url), tenantId, "node22", "node24"]
        const { stdout } = await run(node, given, { maxBuffer: 64 * 2 ** 20, env: { PATH: process.env["PATH"] } })
        const [here = "", ...pages] = stdout.trim().split("\n")
        return { here: JSON.parse(here) as Record<string, number>, pages }
      })
    const ours = yield* shownBy(process.execPath)
    const other = yield* shownBy(yield* Effect.promise(() => otherNode("22.19.0")))
    // Otherwise nothing is shown by it.
    expect([ours.here, other.here]).toEqual([
      { HUF: 0, RSD: 2 },
      { HUF: 2, RSD: 0 }
    ])
    expect(other.pages).toEqual(ours.pages)
    const shown = ours.pages.flatMap((page) => (JSON.parse(page) as { readonly orders: ReadonlyArray<OrderView> }).orders)
    expect(shown).toHaveLength(currencyCodes.length + 26)
    for (const { tenantId: tenant, items, payment, totals } of shown) {
      if (tenant !== tenantId) continue
      const scale = 10 ** (decimalsOf(totals.currency) ?? Number.NaN)
      expect([totals.currency, items[0]?.unitPrice, totals.total, payment?.paidAmount]).toEqual([
        totals.currency,
        1_234_567 / scale,
        3_703_701 / scale,
        12_345 / scale
      ])
    }
  }).pipe(Effect.scoped, Effect.runPromise))
