/** What is wrong with a process, before it is used: the same mistakes that the compiler finds, and those that it cannot. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { commands } from "../commands/index.ts"
import { NamedOnce, type OrderProcess, type ProcessGuard } from "./orderProcess.ts"
import type { OwnGuard } from "./OwnGuard.ts"
import { OwnCode } from "./OwnRefusal.ts"

/** A process that cannot be used. The message has a line for each fault, naming the guard. */
export class WrongProcess extends Error {
  override readonly name = "WrongProcess"
  readonly faults: ReadonlyArray<string>

  constructor(process: string, faults: ReadonlyArray<string>) {
    super([`the process ${process} cannot be used:`, ...faults].join("\n  "))
    this.faults = faults
  }
}

/** Throws a `WrongProcess` when there is any fault. `taken`: the names of the library's own guards. */
export const checkProcess = (process: OrderProcess, taken: ReadonlySet<string>): void => {
  const faults = faultsOf(process, taken)
  const { name }: { readonly name: unknown } = process
  if (faults.length > 0) throw new WrongProcess(typeof name === "string" ? name : "without a name", faults)
}

const faultsOf = (process: OrderProcess, taken: ReadonlySet<string>): ReadonlyArray<string> => {
  const { name, guards }: { readonly name: unknown; readonly guards: unknown } = process
  if (!(guards instanceof NamedOnce)) return ["is not one that orderProcess made"]
  return [
    ...(isName(name) ? [] : ["the name of a process must be 1 to 64 letters, digits, dots, hyphens and underscores"]),
    ...guards.doubled.map((guard) => `guard ${guard}: there are two of this name`),
    ...[...(guards as NamedOnce<ProcessGuard>)].flatMap(([guard, { declared }]) =>
      guardFaults(guard, declared, taken).map((fault) => `guard ${guard}: ${fault}`)
    )
  ]
}

const isName = (name: unknown): boolean => typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)

const Words = Schema.String.check(Schema.isPattern(/\S/, { message: "must say something" }))
const OwnGuardSchema = Schema.Struct({
  before: Schema.Literals(Object.keys(commands)),
  holds: Schema.declare((input: unknown): input is OwnGuard["holds"] => typeof input === "function").annotate({
    expected: "a function"
  }),
  refusal: Schema.Struct({ code: OwnCode, message: Words, remedy: Words })
})
const readGuard = Schema.decodeUnknownResult(OwnGuardSchema, { errors: "all", onExcessProperty: "error" })

/** Codes that no own guard can take: those of commands on an order, and all others that the library gives, in code and over HTTP. */
const otherCodes =
  "NOT_FOUND ORDER_NOT_FOUND VARIANT_NOT_FOUND VARIANT_INACTIVE INVALID_CONTRACT_LENGTH BAD_REQUEST AUTH_REQUIRED INVALID_TOKEN " +
  "NO_TENANT_ACCESS INSUFFICIENT_PERMISSIONS METHOD_NOT_ALLOWED REQUEST_TIMEOUT PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE " +
  "EXPECTATION_FAILED IDEMPOTENCY_KEY_REUSED RATE_LIMITED HEADERS_TOO_LARGE INTERNAL_ERROR OUTCOME_UNKNOWN UNAVAILABLE " +
  "VERSION_MISMATCH CONSUMER_NOT_FOUND CONSUMER_EXISTS EVENT_NOT_PARKED EVENT_NOT_ERASABLE"
export const libraryCodes: ReadonlySet<string> = new Set([
  ...Object.values(commands).flatMap(({ refusals }) => Object.keys(refusals)),
  ...otherCodes.split(" ")
])

const guardFaults = (name: string, given: unknown, taken: ReadonlySet<string>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  if (!/^[a-z][A-Za-z0-9]{0,63}$/.test(name)) faults.push("its name must be letters and digits, the first a small letter")
  if (taken.has(name) || name in Object.prototype) faults.push("this name is taken")
  const read = readGuard(given)
  if (Result.isFailure(read)) return [...faults, String(read.failure).replaceAll(/\s*\n\s*/g, " ")]
  const { code } = read.success.refusal
  if (libraryCodes.has(code)) faults.push(`the code ${code} is the library's`)
  return faults
}
