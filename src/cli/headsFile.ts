/** A file of heads: one on each line, as JSON. It is to be kept where whoever can write to the database cannot write. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { TenantId } from "../order/Order.ts"
import { type Head, HeadLine, headsOf } from "../verify/heads.ts"
import { CannotVerify, reasonOf } from "./CannotVerify.ts"

const decodeLine = Schema.decodeUnknownEffect(HeadLine)
const encodeLine = Schema.encodeSync(HeadLine)

/** The heads in a file, read as they are asked for. */
export const readHeads = (path: string): Stream.Stream<Head, CannotVerify, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (files) => files.stream(path))).pipe(
    Stream.mapError((error) => new CannotVerify({ message: `${path}: ${reasonOf(error)}` })),
    Stream.decodeText,
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.filter(([line]) => line.trim() !== ""),
    Stream.mapEffect(([line, index]) =>
      Effect.mapError(decodeLine(line), () => new CannotVerify({ message: `${path}: line ${index + 1} is not a head` }))
    )
  )

/** Write the heads of all orders. The file appears when it is whole. Returns how many there are. */
export const writeHeads = (
  path: string,
  tenantId?: TenantId
): Effect.Effect<number, CannotVerify | StoreUnavailable, OrderRecords | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const unfinished = `${path}.unfinished`
    let count = 0
    const lines = Stream.map(headsOf(tenantId), (head) => {
      count++
      return `${encodeLine(head)}\n`
    })
    yield* Stream.run(Stream.encodeText(lines), files.sink(unfinished))
    yield* files.rename(unfinished, path)
    return count
  }).pipe(Effect.catchTag("PlatformError", (error) => Effect.fail(new CannotVerify({ message: `${path}: ${reasonOf(error)}` }))))
