/** What can go wrong around the calls themselves: options that cannot be used, a store that cannot be opened, calls after the end. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inputFaults } from "../order/readInput.ts"
import { InputFault } from "../order/Refusal.ts"

const describe = ({ path, message }: InputFault): string => (path === "" ? message : `${path}: ${message}`)

/**
 * An option cannot be used, or what one of the functions among the options answered cannot be. Names every wrong field, and repeats nothing
 * of what it holds: `catalogue[2].currency`, or `catalogue()[2].currency` where a function answered. A mistake of the embedding service,
 * never of its customers.
 */
export class WrongOption extends Schema.TaggedError<WrongOption>()("WrongOption", {
  details: Schema.NonEmptyArray(InputFault)
}) {
  override get message() {
    return this.details.map(describe).join("; ")
  }
}

/** The store cannot be opened. Nothing stays open behind it, so opening again is safe. `cause` is what the store itself said. */
export class CannotOpen extends Schema.TaggedError<CannotOpen>()("CannotOpen", {
  store: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `${this.store} cannot be opened: ${rootOf(this.cause).split("\n")[0]}`
  }
}

/** Drivers wrap what went wrong: the innermost error says it. */
const rootOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? rootOf(error.cause) : error.message
}

/** The call came after `close`, or was not done when its time was over. Nothing was changed by it. */
export class OrdersClosed extends Schema.TaggedError<OrdersClosed>()("OrdersClosed", {}) {
  override get message() {
    return "These orders are closed. Nothing was changed."
  }
}

/** One fault of an option. */
export const wrongOption = (path: string, message: string, code = "invalid_value") =>
  new WrongOption({ details: [{ path, message, code }] })

/** A reader of an option: the value, or throws a `WrongOption`. `strictly` refuses members that do not exist, which are most often misspelt. */
export const optionReader = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, strictly?: "strictly") => {
  const decode = Schema.decodeUnknownResult(schema, {
    errors: "all",
    onExcessProperty: strictly === undefined ? "ignore" : "error"
  })
  return (option: unknown, path: string): S["Type"] =>
    Result.getOrThrow(
      Result.mapError(decode(option), ({ issue }) => {
        const [first, ...others] = inputFaults(issue, path)
        return new WrongOption({ details: [inWords(first), ...others.map(inWords)] })
      })
    )
}

const inWords = (fault: InputFault): InputFault =>
  fault.code === "unexpected" ? { ...fault, message: "is not an option" } : fault
