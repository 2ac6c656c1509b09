/** A store full of orders, quickly: as many as wanted, in every status, each made by `place` and `decide` and committed in batches. */
import * as Effect from "effect/Effect"
import { type Change, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { cancel, confirm, end, type Head, headOf, keyFor, next, placing, start } from "../../src/testing/contractOrders.ts"

type Step = (head: Head, name: string) => OrderCommand

const begin: Step = ({ order }, name) => start(order, "LAPTOP", `laptop of ${name}`, { notes: `for ${name}` })
const beginAnother: Step = ({ order }, name) => start(order, "LAPTOP", `other laptop of ${name}`)
const beginBike: Step = ({ order }, name) => start(order, "BIKE", `bike of ${name}`)
const endFirst: Step = ({ order }, name) => end(order, 0, `returned by ${name}`)

/** What orders go through after they are placed. */
export const lives = {
  pending: [],
  confirmed: [() => confirm],
  partial: [() => confirm, begin],
  fulfilled: [() => confirm, begin, beginAnother, beginBike],
  returned: [() => confirm, begin, beginAnother, beginBike, endFirst],
  cancelled: [(_, name) => cancel(`reason of ${name}`)],
  "cancelled when confirmed": [() => confirm, () => cancel()],
  "cancelled when returned": [() => confirm, begin, endFirst, (_, name) => cancel(`reason of ${name}`)]
} as const satisfies Record<string, ReadonlyArray<Step>>
export type LifeName = keyof typeof lives

const lifeNames = Object.keys(lives) as ReadonlyArray<LifeName>
const tenants = 3
const batchSize = 500

/** The order made as number `n`. Lives and tenants take turns, so that every tenant has orders of every life. */
export const orderNumber = (n: number) => {
  const name = `order-${String(n).padStart(7, "0")}`
  return {
    life: lifeNames[n % lifeNames.length] as LifeName,
    tenantId: TenantId.make(`tenant-${Math.floor(n / lifeNames.length) % tenants}`),
    orderId: OrderId.make(name),
    key: `placed ${name}`
  }
}

/** The numbers below `count` of orders that live so. */
export const numbersOf = (life: LifeName, count: number): ReadonlyArray<number> => {
  const first = lifeNames.indexOf(life)
  return Array.from(
    { length: Math.floor((count - first - 1) / lifeNames.length) + 1 },
    (_, turn) => first + turn * lifeNames.length
  )
}

/** Fill the store with `count` orders. Every fifth is placed under a key. */
export const fillWithOrders = Effect.fnUntraced(function* (count: number) {
  const store = yield* OrderStore
  const commit = Effect.fnUntraced(function* (changes: ReadonlyArray<Change>) {
    const outcomes = yield* store.commit(changes)
    if (outcomes.some((outcome) => outcome !== "committed")) return yield* Effect.die(new Error("an order was not committed"))
  })
  const fillBatch = Effect.fnUntraced(function* (first: number) {
    const numbers = Array.from({ length: Math.min(batchSize, count - first) }, (_, index) => first + index)
    const placements = numbers.map((n) => {
      const { tenantId, orderId, key } = orderNumber(n)
      const remember = n % 5 === 0 ? { remember: keyFor(tenantId, key, orderId) } : {}
      return placing(tenantId, { orderId, email: `${orderId}@example.com`, more: { notes: `notes of ${orderId}` }, ...remember })
    })
    yield* commit(placements)
    let underWay = placements.map((change, index) => ({ head: headOf(change), n: first + index }))
    for (let step = 0; underWay.length > 0; step++) {
      const moves = underWay.flatMap(({ head, n }) => {
        const { life, orderId } = orderNumber(n)
        const command = (lives[life] as ReadonlyArray<Step>)[step]
        return command ? [{ change: next(head, command(head, orderId)), n }] : []
      })
      if (moves.length > 0) yield* commit(moves.map(({ change }) => change))
      underWay = moves.map(({ change, n }) => ({ head: headOf(change), n }))
    }
  })
  for (let first = 0; first < count; first += batchSize) yield* fillBatch(first)
})
