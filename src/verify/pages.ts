/** Everything that is kept, in pages by key: memory holds one page, whatever the store holds. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type OrderRecord, OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { OrderId, TenantId } from "../order/Order.ts"

/** Orders, or tenants, in a page. */
const pageSize = 200

/** All tenants, by id. */
export const tenantsOf = (records: OrderRecords["Service"]): Stream.Stream<TenantId, StoreUnavailable> =>
  Stream.paginate(null as TenantId | null, (after) =>
    Effect.map(records.tenantIds(after, pageSize), (ids) => [ids, Option.fromNullishOr(ids.at(-1))] as const)
  )

/** Everything kept of a tenant's orders, page by page. */
export const recordPages = (
  records: OrderRecords["Service"],
  tenantId: TenantId
): Stream.Stream<ReadonlyArray<OrderRecord>, StoreUnavailable> =>
  Stream.paginate(null as OrderId | null, (after) =>
    Effect.map(
      records.read(tenantId, after, pageSize),
      (page) => [page.length === 0 ? [] : [page], Option.fromNullishOr(page.at(-1)?.orderId)] as const
    )
  )

/** Do something with every page of orders, of one tenant or of all. Returns how many there were. */
export const forEachPage = <E, R>(
  tenantId: TenantId | undefined,
  work: (tenantId: TenantId, page: ReadonlyArray<OrderRecord>) => Effect.Effect<void, E, R>
): Effect.Effect<{ readonly tenants: number; readonly orders: number }, E | StoreUnavailable, R | OrderRecords> =>
  Effect.gen(function* () {
    const records = yield* OrderRecords
    const count = { tenants: 0, orders: 0 }
    yield* Stream.runForEach(tenantId === undefined ? tenantsOf(records) : Stream.succeed(tenantId), (tenant) => {
      count.tenants++
      return Stream.runForEach(recordPages(records, tenant), (page) => {
        count.orders += page.length
        return work(tenant, page)
      })
    })
    return count
  })
