/** What can go wrong around the calls themselves: options that cannot be used, a store that cannot be opened, calls after the end. */
import * as Schema from "effect/Schema"

export { optionReader, WrongOption, wrongOption } from "../lifecycle/options.ts"

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
