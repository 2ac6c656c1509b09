/** Nothing could be verified, or not all of it, for a reason that lies outside. One line. */
import * as Schema from "effect/Schema"

export class CannotVerify extends Schema.TaggedError<CannotVerify>()("CannotVerify", { message: Schema.String }) {}

/** The innermost reason of an error, in one line: what wraps it says less. */
export const reasonOf = (error: unknown): string => {
  let [reason, inner] = ["", error]
  for (let depth = 0; depth < 8 && typeof inner === "object" && inner !== null; depth++) {
    if ("message" in inner && typeof inner.message === "string" && inner.message !== "") reason = inner.message
    inner = "cause" in inner && inner.cause !== undefined ? inner.cause : "reason" in inner ? inner.reason : undefined
  }
  return (reason === "" ? String(error) : reason).split("\n")[0] ?? ""
}
