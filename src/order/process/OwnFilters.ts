/** Filters of lists by own data: the members that a process names, what is kept of an order for them, and what callers ask for. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { type InputFault, InvalidInput } from "../commonRefusals.ts"
import type { OwnData } from "../Order.ts"
import { reader } from "../readInput.ts"
import { jsonFault } from "../Text.ts"

/** What a member of own data is compared with. */
export type FilterValue = string | number | boolean

/** A value for each of some members of own data. */
export type DataFilter = Readonly<Record<string, FilterValue>>

/** The members whose values are all texts, all numbers, or all true and false; where one may be missing, no filter finds the order by it. */
export type FilterableMember<Data> = {
  [Member in keyof Data & string]-?: [Exclude<Data[Member], undefined>] extends [string]
    ? Member
    : [Exclude<Data[Member], undefined>] extends [number]
      ? Member
      : [Exclude<Data[Member], undefined>] extends [boolean]
        ? Member
        : never
}[keyof Data & string]

/** A member that lists can be filtered by. */
export interface OwnFilter {
  readonly schema: Schema.Struct.Fields[string]
  readonly kind: FilterKind
}
export type FilterKind = "string" | "number" | "boolean"

/** By name, in the order in which the process names them. */
export type OwnFilters = ReadonlyMap<string, OwnFilter>

/** The one kind of value that a schema takes; undefined when there are several, or others. */
export const filterKind = (ast: SchemaAST.AST): FilterKind | undefined => {
  if (SchemaAST.isString(ast) || SchemaAST.isTemplateLiteral(ast)) return "string"
  if (SchemaAST.isNumber(ast)) return "number"
  if (SchemaAST.isBoolean(ast)) return "boolean"
  if (SchemaAST.isLiteral(ast)) return kindOf(ast.literal)
  if (SchemaAST.isEnum(ast)) return onlyOne(ast.enums.map(([, value]) => kindOf(value)))
  return SchemaAST.isUnion(ast) ? onlyOne(ast.types.map(filterKind)) : undefined
}

const kindOf = (value: unknown): FilterKind | undefined => {
  const type = typeof value
  return type === "string" || type === "number" || type === "boolean" ? type : undefined
}

const onlyOne = ([first, ...others]: ReadonlyArray<FilterKind | undefined>): FilterKind | undefined =>
  others.every((each) => each === first) ? first : undefined

/** The filters by these members of a schema, which were checked. */
export const filtersBy = (fields: Schema.Struct.Fields, members: ReadonlyArray<string>): OwnFilters =>
  new Map(
    members.flatMap((member) => {
      const schema = fields[member]
      const kind = schema && filterKind(schema.ast)
      return schema === undefined || kind === undefined ? [] : [[member, { schema, kind }] as const]
    })
  )

/** No longer text can be filtered by, in code points: a store keeps the values in an index, where each has little room. */
export const longestFilterText = 200

const isTooLong = (value: unknown): boolean =>
  typeof value === "string" && value.length > longestFilterText && Array.from(value).length > longestFilterText

/** What lists find an order with these data by. */
export const filterableOf = (filters: OwnFilters, data: OwnData | undefined): DataFilter => {
  const found: Record<string, FilterValue> = {}
  for (const member of filters.keys()) {
    const value: unknown = data !== undefined && Object.hasOwn(data, member) ? data[member] : undefined
    if (kindOf(value) !== undefined && !isTooLong(value)) found[member] = value as FilterValue
  }
  return found
}

/** A reader of what a list is to be filtered by. It gives the members in the order of the process. */
export const filterReader = (filters: OwnFilters): ((input: unknown) => Result.Result<DataFilter, InvalidInput>) => {
  const fields = Object.fromEntries(Array.from(filters, ([member, { schema }]) => [member, Schema.optionalKey(schema)]))
  const readShape = reader(Schema.Struct(fields) as Schema.Struct<{}>, "data", "refused")
  return (input) =>
    Result.match(readShape(input), {
      onFailure: ({ details: [first, ...others] }) =>
        Result.fail(new InvalidInput({ details: [inWordsOfLists(first), ...others.map(inWordsOfLists)] })),
      onSuccess: (given) => checkedValues(filters, given)
    })
}

const inWordsOfLists = (fault: InputFault): InputFault =>
  fault.code === "unexpected" ? { ...fault, message: "is not a member that lists can be filtered by" } : fault

/** Each value by itself fits the member; it must be one that can be looked up, too. */
const checkedValues = (
  filters: OwnFilters,
  given: Readonly<Record<string, unknown>>
): Result.Result<DataFilter, InvalidInput> => {
  const members = [...filters.keys()].filter((member) => Object.hasOwn(given, member))
  const [first, ...others] = members.flatMap((member): ReadonlyArray<InputFault> => {
    const value = given[member]
    const message = isTooLong(value) ? `must not be longer than ${longestFilterText} characters` : jsonFault(value)
    return message === undefined ? [] : [{ path: `data.${member}`, message, code: "invalid_value" }]
  })
  return first === undefined
    ? Result.succeed(Object.fromEntries(members.map((member) => [member, given[member] as FilterValue])))
    : Result.fail(new InvalidInput({ details: [first, ...others] }))
}
