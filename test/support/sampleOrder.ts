/** An order out of the generator: always the same one. */
import * as fc from "fast-check"
import type { Order } from "../../src/order/Order.ts"
import { history } from "../../src/testing/arbitraries.ts"

/** A confirmed order, with all of its units held. */
export const sampleOrder = (): Order => {
  const confirmed = history(0)
    .map(({ order }) => order)
    .filter(({ status }) => status === "confirmed")
  const [order] = fc.sample(confirmed, { numRuns: 1, seed: 1 })
  if (order === undefined) throw new Error("the generator gave no order")
  return order
}
