/**
 * Orders that were really placed, from a file of CSV with the columns `placedAt`, `order`, `tenant`, `sku`, `quantity` and
 * `contractLength`; `tenant` and `contractLength` may be empty or left out. Every line is one SKU of an order; lines of the same order
 * have the same name under `order`.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Csv from "effect/encoding/Csv"
import { ContractLength, Quantity, Sku, TenantId } from "../order/Order.ts"
import { inputFaults } from "../order/readInput.ts"
import { Timestamp } from "../order/Timestamp.ts"
import type { RecordedOrder } from "../simulation/Scenario.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { reasonOf } from "./CannotVerify.ts"

const WholeNumber = Schema.FiniteFromString

const Line = Schema.Struct({
  placedAt: Timestamp,
  order: Schema.NonEmptyString,
  tenant: Schema.optionalKey(TenantId),
  sku: Sku,
  quantity: WholeNumber.pipe(Schema.decodeTo(Quantity)),
  contractLength: Schema.optionalKey(WholeNumber.pipe(Schema.decodeTo(ContractLength)))
})
type Line = typeof Line.Type

const decodeLine = Schema.decodeUnknownResult(Line, { errors: "all" })

/** The orders in a file, as they are written there. */
export const readOrders = Effect.fnUntraced(function* (file: string) {
  const wrong = (message: string) => new CannotSimulate({ message: `${file}: ${message}` })
  const files = yield* FileSystem.FileSystem
  const records = yield* files.stream(file).pipe(
    Stream.decodeText,
    Stream.pipeThroughChannel(Csv.decodeString({ ignoreEmptyLines: true })),
    Stream.runCollect,
    Effect.mapError((error) => wrong(Csv.isCsvError(error) ? `line ${error.line}: ${error.message}` : reasonOf(error)))
  )
  const [columns = [], ...rows] = records
  const missing = ["placedAt", "order", "sku", "quantity"].filter((column) => !columns.includes(column))
  if (missing.length > 0) return yield* wrong(`line 1: the column ${missing.join(", ")} is missing`)

  const orders = new Map<string, { first: Line; items: [Line, ...Array<Line>]; line: number }>()
  for (const [index, row] of rows.entries()) {
    const line = index + 2
    if (row.length !== columns.length) return yield* wrong(`line ${line}: has ${row.length} columns instead of ${columns.length}`)
    const filled = columns.flatMap((column, at) => (row[at] === "" ? [] : [[column, row[at]] as const]))
    const read = decodeLine(Object.fromEntries(filled))
    if (read._tag === "Failure") {
      const [{ path, message }] = inputFaults(read.failure.issue)
      return yield* wrong(`line ${line}, column ${path}: ${message}`)
    }
    const known = orders.get(read.success.order)
    if (known === undefined) {
      orders.set(read.success.order, { first: read.success, items: [read.success], line })
      continue
    }
    for (const column of ["placedAt", "tenant"] as const) {
      if (known.first[column] !== read.success[column])
        return yield* wrong(`line ${line}, column ${column}: is not that of line ${known.line}, which is of the same order`)
    }
    known.items.push(read.success)
  }
  return [...orders.values()].map(({ first, items: [item, ...others] }): RecordedOrder => ({
    at: first.placedAt,
    ...(first.tenant !== undefined && { tenant: first.tenant }),
    items: [itemOf(item), ...others.map(itemOf)]
  }))
})

const itemOf = ({ sku, quantity, contractLength }: Line) => ({
  sku,
  quantity,
  ...(contractLength !== undefined && { contractLength })
})
