/** What the service sells until it is given a catalogue of its own. Source: decisions.md, section 4. */
import type { CatalogueEntry } from "./settings.ts"

const entry = (
  sku: string,
  productName: string,
  monthlyPrices: Record<number, number>,
  status: CatalogueEntry["status"] = "active"
) => ({
  sku,
  productName,
  status,
  currency: "EUR",
  pricing: Object.entries(monthlyPrices).map(([months, monthlyPrice]) => ({ contractLength: Number(months), monthlyPrice }))
})

export const demoCatalogue = [
  entry("MACBOOK-PRO-16-M3", "MacBook Pro 16 M3", { 12: 119, 24: 89, 36: 69 }),
  entry("DELL-U2722D-MONITOR", "Dell U2722D monitor", { 12: 29, 24: 19, 36: 15 }),
  entry("EBIKE-CITY-500", "City e-bike 500", { 12: 99, 24: 79, 36: 65 }),
  entry("DESK-CHAIR-PRO", "Desk chair Pro", { 6: 25, 12: 19, 24: 14 }),
  entry("IPHONE-12", "iPhone 12", { 12: 25 }, "inactive")
]
