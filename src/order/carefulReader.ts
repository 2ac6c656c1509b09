/**
 * Reading input: what does not fit the schema is refused with every wrong field named, and nothing of the input is repeated.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import type { UnknownMembers } from "./quickReader.ts"
import { type InputFault, InvalidInput } from "./commonRefusals.ts"

/** The kind of fault, by what the schema missed. Anything else it can miss is an `invalid_value`. */
const codeByIssue: Partial<Record<SchemaIssue.Leaf["_tag"], string>> = {
  MissingKey: "required",
  InvalidType: "invalid_type",
  UnexpectedKey: "unexpected"
}

/** What is said of a member that no schema names. */
export const unexpected = "is not a member that is known here"

// The formatter knows paths and messages but no codes, so the code travels in front of the message.
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    const message =
      issue._tag === "MissingKey"
        ? "is required"
        : issue._tag === "UnexpectedKey"
          ? unexpected
          : SchemaIssue.defaultLeafHook(issue)
    return `${codeByIssue[issue._tag] ?? "invalid_value"} ${message}`
  },
  checkHook: (issue) => {
    const message = SchemaIssue.defaultCheckHook(issue)
    return message === undefined ? undefined : `invalid_value ${message}`
  }
})

/** A path below another as a reader writes it: `items[2].quantity`. */
export const writePath = (above: string, path: StandardSchemaV1.Issue["path"] = []): string =>
  path.reduce<string>((written, segment) => {
    const key = typeof segment === "object" ? segment.key : segment
    return typeof key === "number" ? `${written}[${key}]` : written === "" ? String(key) : `${written}.${String(key)}`
  }, above)

/** A path within the input, as it is compared. */
const keyOf = (path: StandardSchemaV1.Issue["path"] = []): string =>
  JSON.stringify(path.map((segment) => String(typeof segment === "object" ? segment.key : segment)))

/** The places in an issue of members that may be left out. */
const optionalPlaces = (
  issue: SchemaIssue.Issue,
  path: ReadonlyArray<PropertyKey> = [],
  found = new Set<string>()
): ReadonlySet<string> => {
  if ("ast" in issue && SchemaAST.isOptional(issue.ast)) found.add(keyOf(path))
  if (issue._tag === "Pointer") optionalPlaces(issue.issue, [...path, ...issue.path], found)
  if (issue._tag === "Filter" || issue._tag === "Encoding") optionalPlaces(issue.issue, path, found)
  if (issue._tag === "Composite" || issue._tag === "AnyOf") for (const each of issue.issues) optionalPlaces(each, path, found)
  return found
}

const isNullAt = (input: unknown, path: StandardSchemaV1.Issue["path"] = []): boolean => {
  let value = input
  for (const segment of path) {
    if (typeof value !== "object" || value === null) return false
    value = value[(typeof segment === "object" ? segment.key : segment) as keyof typeof value]
  }
  return value === null
}

/**
 * Every fault of a schema issue, below `path`. With the input, a member that is null where it has to be left out is told so; nothing of the
 * input is repeated.
 */
export const inputFaults = (
  issue: SchemaIssue.Issue,
  path = "",
  input?: unknown
): readonly [InputFault, ...Array<InputFault>] => {
  const optional = input === undefined ? new Set() : optionalPlaces(issue)
  const faults = formatIssue(issue).issues.map((each): InputFault => {
    if (optional.has(keyOf(each.path)) && isNullAt(input, each.path)) {
      return { path: writePath(path, each.path), message: "must not be null: leave it out", code: "invalid_type" }
    }
    const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)$/s.exec(each.message) ?? []
    return { path: writePath(path, each.path), message, code }
  })
  const [first = { path, message: "is not valid", code: "invalid_value" }, ...others] = faults
  return [first, ...others]
}

/**
 * A reader of one kind of input: the decoded value, or an `InvalidInput` that names every wrong field. Members that the schema does not name
 * are dropped, or refused by name. A schema without members lets everything pass: that one is for `reader`.
 */
export const carefulReader = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  path = "",
  unknownMembers: UnknownMembers = "ignored"
): ((input: unknown) => Result.Result<S["Type"], InvalidInput>) => {
  // To look for the first fault is several times faster than to look for all, so sound input is read by the one and the rest by both.
  const strictly = unknownMembers === "refused" ? ({ onExcessProperty: "error" } as const) : {}
  const decode = Schema.decodeUnknownResult(schema, strictly)
  const decodeToTheEnd = Schema.decodeUnknownResult(schema, { ...strictly, errors: "all" })
  const faultsOf = (input: unknown, first: SchemaIssue.Issue) =>
    inputFaults(Result.match(decodeToTheEnd(input), { onSuccess: () => first, onFailure: (error) => error.issue }), path, input)
  return (input) => Result.mapError(decode(input), (error) => new InvalidInput({ details: faultsOf(input, error.issue) }))
}
