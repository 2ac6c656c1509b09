/**
 * A cursor: the place in a list behind which the next page begins, as an opaque string. It is bound to the order of the list it came
 * from, so that it cannot be used with another.
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Text } from "../order/Text.ts"
import { InvalidInput } from "../order/Refusal.ts"
import type { PagePosition } from "./OrderStore.ts"

const Content = Schema.fromJsonString(
  Schema.Tuple([Text, Schema.Union([Text, Schema.Finite, Schema.Tuple([Text, Schema.Int])]), Text])
)
const decodeContent = Schema.decodeUnknownResult(Content)

/** Write a cursor down. `list` names the list and its order, say `orders createdAt desc`. */
export const writeCursor = (list: string, position: PagePosition): string =>
  Base64Url.encode(JSON.stringify([list, position.value, position.id]))

/** Read a cursor of the same list. */
export const readCursor = (list: string, cursor: string): Result.Result<PagePosition, InvalidInput> => {
  const content = Result.flatMap(Base64Url.decodeString(cursor), decodeContent)
  if (Result.isSuccess(content) && content.success[0] === list) {
    return Result.succeed({ value: content.success[1], id: content.success[2] })
  }
  return Result.fail(
    new InvalidInput({ details: [{ path: "startAfter", message: "must be a cursor of this list", code: "invalid_cursor" }] })
  )
}
