/** The embedding service's own process, from a file that exports it. */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Flag from "effect/cli/Flag"
import { NamedOnce, type OrderProcess } from "../order/process/orderProcess.ts"
import { CannotVerify } from "./CannotVerify.ts"

export const requiredProcessFlag = Flag.String("process").pipe(
  Flag.withDescription("The process that orders are under: a file, .ts or .js, that exports what orderProcess made")
)
export const processFlag = Flag.optional(requiredProcessFlag)

// The user's own module, by the path that is given.
const load = createRequire(import.meta.url)

/** The one process that a file exports, by whatever name. */
export const importProcess = (file: string): Effect.Effect<OrderProcess, CannotVerify> =>
  Effect.gen(function* () {
    if (!existsSync(file)) return yield* new CannotVerify({ message: `--process: there is no file ${file}` })
    const module = yield* Effect.try({
      try: () => load(resolve(file)) as Readonly<Record<string, unknown>>,
      catch: (error) => {
        const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n")
        return new CannotVerify({ message: `--process: ${file} cannot be loaded: ${line}` })
      }
    })
    const found = [...new Set(Object.values(module).filter(isProcess))]
    const [process, ...others] = found
    if (process !== undefined && others.length === 0) return process
    return yield* new CannotVerify({
      message: `--process: ${file} exports ${found.length === 0 ? "no process that orderProcess made" : `${found.length} processes: export one`}`
    })
  })

const isProcess = (value: unknown): value is OrderProcess =>
  typeof value === "object" && value !== null && "guards" in value && value.guards instanceof NamedOnce
