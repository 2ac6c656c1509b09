/**
 * Reading input, most of which is sound: that is read the short way, and the rest by its schema, which says what is wrong. A page, which reads
 * little, goes without the short way (`carefulReader`).
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { carefulReader, unexpected, writePath } from "./carefulReader.ts"
import { type InputFault, InvalidInput } from "./commonRefusals.ts"
import { quickReader, type UnknownMembers, unread } from "./quickReader.ts"

export { inputFaults } from "./carefulReader.ts"

/** As `carefulReader`, and three times as fast for what fits. */
export const reader = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  path = "",
  unknownMembers: UnknownMembers = "ignored"
): ((input: unknown) => Result.Result<S["Type"], InvalidInput>) => {
  if (hasNoMembers(schema.ast)) return memberlessReader(path, unknownMembers)
  const readCarefully = carefulReader(schema, path, unknownMembers)
  const readQuickly = quickReader(schema.ast, unknownMembers)
  return (input) => {
    const value = readQuickly(input)
    return value === unread ? readCarefully(input) : Result.succeed(value)
  }
}

const hasNoMembers = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isObjects(ast) && ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0

/** A struct without members: its schema lets everything pass, members and numbers alike. */
const memberlessReader =
  (path: string, unknownMembers: UnknownMembers) =>
  (input: unknown): Result.Result<object, InvalidInput> => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      return Result.fail(new InvalidInput({ details: [{ path, message: "Expected object", code: "invalid_type" }] }))
    }
    const [first, ...others] = unknownMembers === "refused" ? Object.keys(input) : []
    const faultOf = (name: string): InputFault => ({ path: writePath(path, [name]), message: unexpected, code: "unexpected" })
    return first === undefined
      ? Result.succeed({})
      : Result.fail(new InvalidInput({ details: [faultOf(first), ...others.map(faultOf)] }))
  }
