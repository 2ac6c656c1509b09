import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"

/** Write a file, which appears when it is whole. */
export const writeWhole = (file: string, text: string): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.andThen(files.writeFileString(`${file}.unfinished`, text), files.rename(`${file}.unfinished`, file))
  )
