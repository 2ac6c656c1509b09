/**
 * A cursor: the place in a list behind which the next page begins, as an opaque string. It is bound to the list and the order it came from,
 * and what it says is read by the type of what the list is sorted by. So every store is given a place that can exist, and the same one.
 *
 * It is base64url of a JSON array that begins with the name of the list and ends with the sort value and the id. A total has its currency
 * in front of it. Cursors that earlier versions gave out are read as well, except those of lists sorted by total, which had no currency.
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { AssetStatus } from "../asset/RegisteredAsset.ts"
import { LibraryStatus, OrderStatus } from "../order/Order.ts"
import { InvalidInput } from "../order/commonRefusals.ts"
import { Name } from "../order/Text.ts"
import { Timestamp } from "../order/Timestamp.ts"
import type { AssetSort, OrderSort, PagePosition, SubscriptionSort } from "./OrderStore.ts"

/** What some list is sorted by. */
export type ListSort = OrderSort | SubscriptionSort | AssetSort

/** Any whole number that JavaScript counts exactly. A total that was stored wrongly has its place in a list, too. */
const Total = Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 }))

/** A list by id has the id twice. */
const oneName = (fault: string) =>
  Schema.Tuple([Name, Name]).check(Schema.makeFilter<readonly [string, string]>(([value, id]) => value === id || fault))

/** What stands behind the name of the list, by what the list is sorted by. Ids and currencies are those of stored orders, whatever they are. */
const contentBySort = {
  createdAt: Schema.Tuple([Timestamp, Name]),
  updatedAt: Schema.Tuple([Timestamp, Name]),
  endDate: Schema.Tuple([Timestamp, Name]),
  orderId: oneName("must name one order"),
  status: Schema.Tuple([Schema.Union([OrderStatus, AssetStatus]), Name]),
  serialNumber: oneName("must name one asset"),
  sku: Schema.Tuple([Name, Name]),
  "totals.total": Schema.Tuple([Name, Total, Name])
} as const satisfies Record<ListSort, unknown>

const decodeBySort: Readonly<Record<ListSort, (content: unknown) => Result.Result<ReadonlyArray<unknown>, unknown>>> = {
  createdAt: Schema.decodeUnknownResult(contentBySort.createdAt),
  updatedAt: Schema.decodeUnknownResult(contentBySort.updatedAt),
  endDate: Schema.decodeUnknownResult(contentBySort.endDate),
  orderId: Schema.decodeUnknownResult(contentBySort.orderId),
  status: Schema.decodeUnknownResult(contentBySort.status),
  serialNumber: Schema.decodeUnknownResult(contentBySort.serialNumber),
  sku: Schema.decodeUnknownResult(contentBySort.sku),
  "totals.total": Schema.decodeUnknownResult(contentBySort["totals.total"])
}
const decodeArray = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Array(Schema.Unknown)))

/** Write a cursor down. `list` names the list and its order, say `orders createdAt desc`. */
export const writeCursor = (list: string, { value, id }: PagePosition): string =>
  Base64Url.encode(JSON.stringify([list, ...(typeof value === "string" ? [value] : value), id]))

/** Read a cursor of the same list, which is sorted by `sortBy`. `statuses`: those that there are. */
export const readCursor = (
  list: string,
  sortBy: ListSort,
  cursor: string,
  statuses: ReadonlyArray<string> = LibraryStatus.literals
): Result.Result<PagePosition, InvalidInput> => {
  const content = Result.flatMap(Base64Url.decodeString(cursor), decodeArray)
  if (Result.isSuccess(content) && content.success[0] === list) {
    const place = decodeBySort[sortBy](content.success.slice(1))
    const isPlace = Result.isSuccess(place) && (sortBy !== "status" || statuses.includes(String(place.success[0])))
    if (isPlace) return Result.succeed(positionOf(place.success))
  }
  return Result.fail(
    new InvalidInput({ details: [{ path: "startAfter", message: "must be a cursor of this list", code: "invalid_cursor" }] })
  )
}

/** The schemas have settled what is in it: a sort value, or a currency and a total, and an id. */
const positionOf = (place: ReadonlyArray<unknown>): PagePosition => {
  const [id, ...values] = place.toReversed()
  return { value: values.length === 1 ? values[0] : values.toReversed(), id } as PagePosition
}
