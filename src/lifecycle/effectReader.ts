import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { InvalidInput } from "../order/commonRefusals.ts"
import type { UnknownMembers } from "../order/quickReader.ts"
import { reader } from "../order/readInput.ts"

/**
 * A reader of what callers of the services give. A member that is not known is refused by name: in code it is a mistake (over HTTP it was
 * dropped before). What it gives is there at once, so that what follows it (`flatMapEager`) is no step of its own.
 */
export const effectReader = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  path?: string,
  unknownMembers: UnknownMembers = "refused"
): ((input: unknown) => Effect.Effect<S["Type"], InvalidInput>) => {
  const readResult = reader(schema, path, unknownMembers)
  return (input) => Effect.fromResult(readResult(input))
}
