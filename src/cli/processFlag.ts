/** The embedding service's own process, from a file that exports it. */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Flag from "effect/cli/Flag"
import { NamedOnce, type OrderProcess } from "../order/process/orderProcess.ts"
import type { OwnAccount } from "../simulation/OwnAccount.ts"
import { CannotVerify } from "./CannotVerify.ts"

export const requiredProcessFlag = Flag.String("process").pipe(
  Flag.withDescription("The process that orders are under: a file, .ts or .js, that exports what orderProcess made")
)
export const processFlag = Flag.optional(requiredProcessFlag)

// The user's own module, by the path that is given.
const load = createRequire(import.meta.url)

/** The one process that a file exports, by whatever name. */
export const importProcess = (file: string): Effect.Effect<OrderProcess, CannotVerify> =>
  importOne("--process", file, isProcess, "process that orderProcess made", "processes")

/** The one second account of a process that a file exports, by whatever name. */
export const importOwnAccount = (file: string): Effect.Effect<OwnAccount, CannotVerify> =>
  importOne("--own-account", file, isOwnAccount, "account with follow and codeFor", "accounts")

const importOne = Effect.fnUntraced(function* <A>(
  flag: string,
  file: string,
  isOne: (value: unknown) => value is A,
  one: string,
  many: string
) {
  if (!existsSync(file)) return yield* new CannotVerify({ message: `${flag}: there is no file ${file}` })
  const module = yield* Effect.try({
    try: () => load(resolve(file)) as Readonly<Record<string, unknown>>,
    catch: (error) => {
      const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n")
      return new CannotVerify({ message: `${flag}: ${file} cannot be loaded: ${line}` })
    }
  })
  const found = [...new Set(Object.values(module).filter(isOne))]
  const [first, ...others] = found
  if (first !== undefined && others.length === 0) return first
  return yield* new CannotVerify({
    message: `${flag}: ${file} exports ${found.length === 0 ? `no ${one}` : `${found.length} ${many}: export one`}`
  })
})

const isOwnAccount = (value: unknown): value is OwnAccount =>
  typeof value === "object" &&
  value !== null &&
  "follow" in value &&
  typeof value.follow === "function" &&
  "codeFor" in value &&
  typeof value.codeFor === "function"

const isProcess = (value: unknown): value is OrderProcess =>
  typeof value === "object" && value !== null && "guards" in value && value.guards instanceof NamedOnce
