/**
 * Reading input: what does not fit the schema is refused with every wrong field named, and nothing of the input is repeated.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { quickReader, unread } from "./quickReader.ts"
import { type InputFault, InvalidInput } from "./Refusal.ts"

/** The kind of fault, by what the schema missed. Anything else it can miss is an `invalid_value`. */
const codeByIssue: Partial<Record<SchemaIssue.Leaf["_tag"], string>> = {
  MissingKey: "required",
  InvalidType: "invalid_type",
  UnexpectedKey: "unexpected"
}

// The formatter knows paths and messages but no codes, so the code travels in front of the message.
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    const message = issue._tag === "MissingKey" ? "is required" : SchemaIssue.defaultLeafHook(issue)
    return `${codeByIssue[issue._tag] ?? "invalid_value"} ${message}`
  },
  checkHook: (issue) => {
    const message = SchemaIssue.defaultCheckHook(issue)
    return message === undefined ? undefined : `invalid_value ${message}`
  }
})

/** A path below another as a reader writes it: `items[2].quantity`. */
const writePath = (above: string, path: StandardSchemaV1.Issue["path"] = []): string =>
  path.reduce<string>((written, segment) => {
    const key = typeof segment === "object" ? segment.key : segment
    return typeof key === "number" ? `${written}[${key}]` : written === "" ? String(key) : `${written}.${String(key)}`
  }, above)

/** Every fault of a schema issue, below `path`. */
export const inputFaults = (issue: SchemaIssue.Issue, path = ""): readonly [InputFault, ...Array<InputFault>] => {
  const faults = formatIssue(issue).issues.map((each): InputFault => {
    const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)$/s.exec(each.message) ?? []
    return { path: writePath(path, each.path), message, code }
  })
  const [first = { path, message: "is not valid", code: "invalid_value" }, ...others] = faults
  return [first, ...others]
}

/** A reader of one kind of input: the decoded value, or an `InvalidInput` that names every wrong field. Unknown members are dropped. */
export const reader = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, path = "") => {
  const readQuickly = quickReader(schema.ast)
  // To look for the first fault is several times faster than to look for all, so sound input is read by the one and the rest by both.
  const decode = Schema.decodeUnknownResult(schema)
  const decodeToTheEnd = Schema.decodeUnknownResult(schema, { errors: "all" })
  const faultsOf = (input: unknown, first: SchemaIssue.Issue) =>
    inputFaults(Result.match(decodeToTheEnd(input), { onSuccess: () => first, onFailure: (error) => error.issue }), path)
  return (input: unknown): Result.Result<S["Type"], InvalidInput> => {
    const value = readQuickly(input)
    if (value !== unread) return Result.succeed(value)
    return Result.mapError(decode(input), (error) => new InvalidInput({ details: faultsOf(input, error.issue) }))
  }
}
