/**
 * A short way of reading what most input is: structs, lists, text, numbers and words that are as they should be. It is made of the schema and
 * asks the schema's own checks. Whatever it has no answer to (anything wrong, and kinds of schema that it does not know) it leaves to the
 * schema, which takes three times as long: it is made to say what is wrong, and for transformations, concurrency and much else.
 */
import * as SchemaAST from "effect/SchemaAST"

/** It has no answer: the schema has to be asked. */
export const unread = Symbol("unread")

type Read = (input: unknown) => unknown

/** What becomes of members that a schema does not name. Refused is what a caller in code gives, ignored what else can be given. */
export type UnknownMembers = "ignored" | "refused"

/** The value that a schema gives for an input, or `unread`. */
export const quickReader = (ast: SchemaAST.AST, unknownMembers: UnknownMembers = "ignored"): Read => {
  const isTransformed = ast.encoding !== undefined || ("encodingChecks" in ast && ast.encodingChecks !== undefined)
  const read = isTransformed ? undefined : readerOf(ast, unknownMembers)
  const checks = (ast.checks ?? []).map((check) => checkOf(check, ast))
  if (read === undefined) return () => unread
  if (checks.length === 0) return read
  return (input) => {
    const value = read(input)
    if (value === unread) return unread
    for (const passes of checks) if (!passes(value)) return unread
    return value
  }
}

type Check = (value: unknown) => boolean

const checkOf = (check: SchemaAST.Checks[number], ast: SchemaAST.AST): Check => {
  // Input has no groups of checks; what is under one is left to the schema.
  if (check._tag === "FilterGroup") return () => false
  const passes: Check = (value) => check.run(value, ast, {}) === undefined
  const mostCodePoints = (check.annotations?.["representation"] as Representation | undefined)?.payload?.maxCodePoints
  // There are at least as many code units as code points, and those need no counting.
  return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)
}

/** What the checks of Effect say of themselves, as far as it matters here. */
interface Representation {
  readonly payload?: { readonly maxCodePoints?: number } | null
}

/** How to read a kind of schema, its checks apart; undefined for a kind that is not known here. */
const readerOf = (ast: SchemaAST.AST, unknownMembers: UnknownMembers): Read | undefined => {
  if (SchemaAST.isString(ast)) return (input) => (typeof input === "string" ? input : unread)
  if (SchemaAST.isNumber(ast)) return (input) => (typeof input === "number" ? input : unread)
  if (SchemaAST.isBoolean(ast)) return (input) => (typeof input === "boolean" ? input : unread)
  if (SchemaAST.isNull(ast)) return (input) => (input === null ? input : unread)
  if (SchemaAST.isLiteral(ast)) return (input) => (input === ast.literal ? input : unread)
  if (SchemaAST.isUnion(ast)) return unionReader(ast)
  if (SchemaAST.isArrays(ast)) return arrayReader(ast, unknownMembers)
  if (SchemaAST.isObjects(ast)) return structReader(ast, unknownMembers)
  return undefined
}

/** Of members that cannot be mistaken for each other, whichever fits is right. */
const unionReader = ({ types, options }: SchemaAST.Union): Read | undefined => {
  const isPlain = types.every((type) => SchemaAST.isNull(type) || SchemaAST.isLiteral(type) || SchemaAST.isString(type))
  if (!isPlain || options?.mode === "oneOf") return undefined
  const members = types.map((type) => quickReader(type))
  return (input) => {
    for (const read of members) if (read(input) !== unread) return input
    return unread
  }
}

/** A list of any length. */
const arrayReader = ({ elements, rest }: SchemaAST.Arrays, unknownMembers: UnknownMembers): Read | undefined => {
  const [element, ...others] = rest
  if (elements.length > 0 || element === undefined || others.length > 0) return undefined
  const readElement = quickReader(element, unknownMembers)
  return (input) => {
    if (!Array.isArray(input)) return unread
    const values: Array<unknown> = []
    for (const each of input) {
      const value = readElement(each)
      if (value === unread) return unread
      values.push(value)
    }
    return values
  }
}

/** The members that the schema names. Input with others is read without them, or left to the schema, which names them. */
const structReader = (
  { propertySignatures, indexSignatures }: SchemaAST.Objects,
  unknownMembers: UnknownMembers
): Read | undefined => {
  if (propertySignatures.length === 0 || indexSignatures.length > 0) return undefined
  const members: Array<{ readonly name: string; readonly isOptional: boolean; readonly read: Read }> = []
  for (const { name, type } of propertySignatures) {
    if (typeof name !== "string" || name === "__proto__") return undefined
    members.push({ name, isOptional: SchemaAST.isOptional(type), read: quickReader(type, unknownMembers) })
  }
  const names = new Set(members.map(({ name }) => name))
  return (input) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) return unread
    if (unknownMembers === "refused" && hasOthers(input, names)) return unread
    const values: Record<string, unknown> = {}
    for (const { name, isOptional, read } of members) {
      const given: unknown = input[name as keyof typeof input]
      if (given === undefined && !(name in input)) {
        if (isOptional) continue
        return unread
      }
      const value = read(given)
      if (value === unread) return unread
      values[name] = value
    }
    return values
  }
}

const hasOthers = (input: object, names: ReadonlySet<string>): boolean => {
  for (const name of Object.keys(input)) if (!names.has(name)) return true
  return Object.getOwnPropertySymbols(input).length > 0
}
