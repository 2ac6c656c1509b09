import { type CatalogueEntry, openOrders, type Orders } from "order-lifecycle/promise"
import { postgresStore } from "order-lifecycle/promise/postgres"

/** What your own code knows of products and serial numbers. */
export interface Products {
  readonly bySku: (tenantId: string, skus: ReadonlyArray<string>) => Promise<ReadonlyArray<CatalogueEntry>>
  readonly bySerialNumber: (tenantId: string, serialNumber: string) => Promise<{ sku: string; inRepair: boolean } | undefined>
}

export const openYourOrders = (url: string, products: Products): Promise<Orders> =>
  openOrders({
    store: postgresStore({ url, maxConnections: 10 }),
    catalogue: products.bySku,
    assets: async (tenantId, serialNumber) => {
      const asset = await products.bySerialNumber(tenantId, serialNumber)
      return asset && { sku: asset.sku, available: !asset.inRepair }
    },
    cancellationPolicy: "noActiveSubscriptions"
  })
