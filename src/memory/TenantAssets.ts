/** The registry of assets of one tenant, in memory. It works as the tables do (`postgres/migrations/0009_assets.ts`). */
import type { AssetStep } from "../asset/assetSteps.ts"
import { isRentable } from "../asset/assetTable.ts"
import type { AssetChange } from "../asset/decideAsset.ts"
import { type AssetRecord, type RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type { SerialNumber, Sku } from "../order/Order.ts"
import { latest } from "../order/Timestamp.ts"

export class TenantAssets {
  readonly #assets = new Map<SerialNumber, RegisteredAsset>()
  readonly #records = new Map<SerialNumber, ReadonlyArray<AssetRecord>>()

  get(serialNumber: SerialNumber): RegisteredAsset | null {
    return this.#assets.get(serialNumber) ?? null
  }

  all(): ReadonlyArray<RegisteredAsset> {
    return [...this.#assets.values()]
  }

  records(serialNumber: SerialNumber): ReadonlyArray<AssetRecord> {
    return this.#records.get(serialNumber) ?? []
  }

  rentable(sku: Sku): number {
    return this.all().filter((asset) => asset.sku === sku && isRentable(asset.status)).length
  }

  /** Whether every asset is there in the status that it is moved from. */
  allows(steps: ReadonlyArray<AssetStep>): boolean {
    return steps.every(({ serialNumber, from }) => this.#assets.get(serialNumber)?.status === from)
  }

  /** Move assets along with a change of an order; returns how to take that back. */
  move(steps: ReadonlyArray<AssetStep>): () => void {
    const before = steps.map(({ serialNumber }) => this.#assets.get(serialNumber))
    for (const { serialNumber, to, at, use } of steps) {
      const asset = this.#assets.get(serialNumber)
      if (asset === undefined) throw new Error(`asset ${serialNumber} is not there to be moved`)
      const { subscriptionId: _, customerId: __, ...free } = asset
      const moved = { ...free, ...use, status: to, version: asset.version + 1, updatedAt: latest(at, asset.updatedAt) }
      this.#assets.set(serialNumber, moved)
    }
    return () => {
      for (const asset of before) if (asset) this.#assets.set(asset.serialNumber, asset)
    }
  }

  /** Whether the asset still is as a change by hand was decided on. */
  isAt({ before, after }: AssetChange): boolean {
    return this.#assets.get(after.serialNumber)?.version === before?.version
  }

  /** Write a change by hand; returns how to take that back. */
  change({ before, after, record }: AssetChange): () => void {
    const { serialNumber } = after
    const records = this.records(serialNumber)
    this.#assets.set(serialNumber, after)
    this.#records.set(serialNumber, [...records, record])
    return () => {
      if (before === null) this.#assets.delete(serialNumber)
      else this.#assets.set(serialNumber, before)
      this.#records.set(serialNumber, records)
    }
  }
}
