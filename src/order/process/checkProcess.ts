/** What is wrong with a process, before it is used: the same mistakes that the compiler finds, and those that it cannot. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { definitionByKind } from "../commands/definitions.ts"
import commands, { type CommandType } from "../commands/index.ts"
import type { RequestSchema } from "../commands/defineCommand.ts"
import { OrderPlaced } from "../commands/place.ts"
import { expiryName } from "../due.ts"
import { DurationText } from "../durationText.ts"
import { answersOf, isFinal, lifecycles, statusesOf } from "../lifecycleTable.ts"
import { LibraryStatus } from "../Order.ts"
import { OwnKind } from "../orderEvent.ts"
import { defaultPolicy } from "../policies/index.ts"
import { reader } from "../readInput.ts"
import { NewJsonObject } from "../Text.ts"
import { possibleFact, unlessStatus } from "./names.ts"
import type { OwnCommand, PayloadSchema } from "./OwnCommand.ts"
import type { OwnDue } from "./OwnDue.ts"
import { filterKind } from "./OwnFilters.ts"
import type { OwnGuard } from "./OwnGuard.ts"
import { OwnCode } from "./OwnRefusal.ts"
import { columnTypes, filledColumns, type OwnRows } from "./OwnRows.ts"
import { NamedOnce, type OrderProcess, type OwnDataRules, type OwnStatusRules } from "./orderProcess.ts"
import { WrongProcess } from "./WrongProcess.ts"

/** Throws a `WrongProcess` when there is any fault. `taken`: the names of the library's own guards. */
export const checkProcess = (process: OrderProcess, taken: ReadonlySet<string>): void => {
  const faults = faultsOf(process, taken)
  const { name }: { readonly name: unknown } = process
  if (faults.length > 0) throw new WrongProcess(typeof name === "string" ? name : "without a name", faults)
}

type Faults = ReadonlyArray<string>

const faultsOf = (process: OrderProcess, taken: ReadonlySet<string>): Faults => {
  const { name, version, data, statuses, commands: own, guards } = process as { readonly [Member in keyof OrderProcess]: unknown }
  if (!(guards instanceof NamedOnce && statuses instanceof NamedOnce && own instanceof NamedOnce))
    return ["is not one that orderProcess made, of this very copy of the library"]
  const known = process
  const named = <Value>(kind: string, all: NamedOnce<Value>, faultsOfOne: (name: string, value: Value) => Faults): Faults => [
    ...all.doubled.map((each) => `${kind} ${each}: there are two of this name`),
    ...[...all].flatMap(([each, value]) => faultsOfOne(each, value).map((fault) => `${kind} ${each}: ${fault}`))
  ]
  return [
    ...(isName(name) ? [] : ["the name of a process must be 1 to 64 letters, digits, dots, hyphens and underscores"]),
    ...(isVersion(version) ? [] : ["the version of a process must be a whole number from 1 on"]),
    ...(data === undefined ? [] : dataFaults(data as OwnDataRules).map((fault) => `data: ${fault}`)),
    ...named("status", known.statuses, (each, rules) => statusFaults(known, each, rules)),
    ...named("command", known.commands, (each, command) => commandFaults(known, each, command)),
    ...named("guard", known.guards, (each, guard) => guardFaults(known, each, guard, taken)),
    ...named("due", known.dueCommands, (each, due) => dueFaults(known, each, due)),
    ...named("rows", known.tables, tableFaults)
  ]
}

const isName = (name: unknown): boolean => typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
const isVersion = (version: unknown): boolean => Number.isSafeInteger(version) && (version as number) >= 1

/** What does not fit a schema, in one line. */
const misfits = (schema: Schema.ConstraintDecoder<unknown>) => {
  const read = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })
  return (given: unknown): Faults => {
    const result = read(given)
    return Result.isFailure(result) ? [String(result.failure).replaceAll(/\s*\n\s*/g, " ")] : []
  }
}

// --- names, and words --------------------------------------------------------------------------------------------------------------------

const nameFaults = (name: string, isTaken: boolean): Faults => [
  ...(/^[a-z][A-Za-z0-9]{0,63}$/.test(name) ? [] : ["its name must be letters and digits, the first a small letter"]),
  ...(isTaken || name in Object.prototype ? ["this name is taken"] : [])
]

/** Codes that no rule can take: those of commands on an order, and all others that the library gives, in code and over HTTP. */
const otherCodes =
  "ORDER_NOT_FOUND INVALID_FEE INVALID_BUYOUT_PRICE BAD_REQUEST AUTH_REQUIRED INVALID_TOKEN NO_TENANT_ACCESS " +
  "INSUFFICIENT_PERMISSIONS METHOD_NOT_ALLOWED REQUEST_TIMEOUT PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE EXPECTATION_FAILED " +
  "IDEMPOTENCY_KEY_REUSED RATE_LIMITED HEADERS_TOO_LARGE INTERNAL_ERROR OUTCOME_UNKNOWN UNAVAILABLE VERSION_MISMATCH DUE_NOT_PARKED " +
  "CONSUMER_NOT_FOUND CONSUMER_EXISTS EVENT_NOT_PARKED EVENT_NOT_ERASABLE ASSET_EXISTS ASSET_IN_USE INVALID_STATUS"
export const libraryCodes: ReadonlySet<string> = new Set([
  ...Object.values(commands).flatMap(({ refusals }) => Object.keys(refusals)),
  ...otherCodes.split(" ")
])

const Said = Schema.String.check(Schema.isPattern(/\S/, { message: "must say something" }))
const OfTheProcess = OwnCode.check(
  Schema.makeFilter<OwnCode>((code) => !libraryCodes.has(code) || `the code ${code} is the library's`)
)
const WordsSchema = Schema.Struct({ code: OfTheProcess, message: Said, remedy: Said })
const AFunction = <F>() => Schema.declare((input: unknown): input is F => typeof input === "function", { expected: "a function" })

// --- own data, and payloads --------------------------------------------------------------------------------------------------------------

/** What is stored is what is read: JSON, without transformations. */
const schemaFaults = (schema: unknown): Faults => {
  if (!Schema.isSchema(schema) || !SchemaAST.isObjects(schema.ast) || !("fields" in schema)) return ["must be a Schema.Struct"]
  return isPlainJson(schema.ast) ? [] : ["must be JSON as it is, without transformations, and without what JSON cannot write"]
}

/** Kinds of values that JSON cannot write, by the tags of their schemas. A member that may be missing is `optionalKey`. */
const notJson: ReadonlySet<string> = new Set(["BigInt", "Symbol", "UniqueSymbol", "Undefined", "Void", "Never"])

/** Whether a schema reads what it writes, all the way down. */
const isPlainJson = (ast: SchemaAST.AST, above: ReadonlySet<SchemaAST.AST> = new Set()): boolean => {
  if (above.has(ast)) return true
  if (ast.encoding !== undefined || notJson.has(ast._tag)) return false
  const seen = new Set(above).add(ast)
  const areAll = (parts: ReadonlyArray<SchemaAST.AST>) => parts.every((part) => isPlainJson(part, seen))
  if (SchemaAST.isSuspend(ast)) return isPlainJson(ast.thunk(), seen)
  if (SchemaAST.isUnion(ast)) return areAll(ast.types)
  if (SchemaAST.isArrays(ast)) return areAll([...ast.elements, ...ast.rest])
  if (!SchemaAST.isObjects(ast)) return true
  return areAll([...ast.propertySignatures.map(({ type }) => type), ...ast.indexSignatures.map(({ type }) => type)])
}

const dataFaults = ({ schema, initial, filterBy }: OwnDataRules): Faults => {
  const faults = schemaFaults(schema)
  if (faults.length > 0) return faults.map((fault) => `the schema ${fault}`)
  return [...initialFaults(schema, initial), ...filterFaults(schema, filterBy)]
}

const initialFaults = (schema: PayloadSchema, initial: object): Faults => {
  const read = Result.flatMap(
    reader(schema as Schema.Struct<{}>, "initial", "refused")(initial),
    reader(NewJsonObject, "initial")
  )
  return Result.isFailure(read) ? read.failure.details.map(({ path, message }) => `${path} ${message}`) : []
}

const FilterBy = Schema.Array(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(64)))
const filterByMisfits = misfits(FilterBy)

const filterFaults = ({ fields }: PayloadSchema, filterBy: ReadonlyArray<string>): Faults => {
  const faults = filterByMisfits(filterBy)
  if (faults.length > 0) return faults.map((fault) => `filterBy: ${fault}`)
  return filterBy.flatMap((member, index) => {
    const field = Object.hasOwn(fields, member) ? fields[member] : undefined
    return [
      ...(filterBy.indexOf(member) === index ? [] : [`filterBy: ${member} is named twice`]),
      ...(field === undefined ? [`filterBy: the data have no member ${member}`] : []),
      ...(field === undefined || filterKind(field.ast) !== undefined
        ? []
        : [`filterBy: the values of ${member} must be texts, numbers, or true and false, and of one kind`])
    ]
  })
}

// --- statuses ----------------------------------------------------------------------------------------------------------------------------

const StatusSchema = Schema.Struct({
  description: Said,
  like: Schema.optionalKey(Schema.String),
  units: Schema.optionalKey(Schema.Literals(["held", "mixed", "none"])),
  but: Schema.optionalKey(Schema.Record(Schema.String, WordsSchema))
})
const statusMisfits = misfits(StatusSchema)

const isLibraryStatus = Schema.is(LibraryStatus)

const statusFaults = (process: OrderProcess, name: string, rules: OwnStatusRules): Faults => {
  const faults = [...nameFaults(name, isLibraryStatus(name)), ...statusMisfits(rules)]
  if (faults.length > 0) return faults
  const { like, units, but = {} } = rules
  return [
    ...((like === undefined) === (units === undefined) ? ["must say either like or units"] : []),
    ...(like === undefined ? [] : likeFaults(process, name, like)),
    ...Object.keys(but).flatMap((command) => {
      if (!Object.hasOwn(commands, command)) return [`but: the library has no command ${command}`]
      return endsOrders(command as CommandType) ? [`but: every status answers ${command}; say by a guard when it is refused`] : []
    })
  ]
}

/** A status is like one of the library that something can follow, or like one of the process that was declared before. */
const likeFaults = ({ statuses }: OrderProcess, name: string, like: string): Faults => {
  if (isLibraryStatus(like))
    return isFinal(library, like) ? [`like: an order that is ${like} is over, so no status can be like it`] : []
  const names = [...statuses.keys()]
  const declaredBefore = names.slice(0, names.indexOf(name)).includes(like)
  return declaredBefore ? [] : [`like: there is no status ${like} before it`]
}

const library = lifecycles[defaultPolicy]

/** Whether a command of the library leads to a status that nothing follows. */
const endsOrders = (command: CommandType): boolean =>
  statusesOf(library).some((status) =>
    answersOf(library, status)[command].some(({ refusal, to }) => refusal === undefined && isFinal(library, to))
  )

// --- commands ----------------------------------------------------------------------------------------------------------------------------

const CommandSchema = Schema.Struct({
  description: Said,
  payload: Schema.optionalKey(Schema.Unknown),
  personal: Schema.optionalKey(Schema.Array(Schema.String)),
  event: OwnKind,
  from: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Undefined])),
  otherwise: WordsSchema,
  data: Schema.optionalKey(AFunction())
})
const commandMisfits = misfits(CommandSchema)

/** Names that a command cannot have, as those that place orders or ask about them are no commands on an order. */
const otherCalls: ReadonlySet<string> = new Set(["place", "preview", "explain", "commands"])

const commandFaults = (process: OrderProcess, name: string, command: OwnCommand): Faults => {
  const faults = [...nameFaults(name, Object.hasOwn(commands, name) || otherCalls.has(name)), ...commandMisfits(command)]
  if (faults.length > 0) return faults
  const { payload, personal = [], event, from } = command
  const wrongPayload = payload === undefined ? [] : schemaFaults(payload).map((fault) => `payload: ${fault}`)
  if (wrongPayload.length > 0) return wrongPayload
  const members = payload === undefined ? [] : Object.keys(payload.fields)
  const namesake = [...process.commands].find(
    ([other, each]) => other !== name && (each as OwnCommand | undefined)?.event === event
  )
  return [
    ...(members.includes("type") ? ["payload: a member cannot be called type, which is what a command is called by"] : []),
    ...personal.flatMap((member) => (members.includes(member) ? [] : [`personal: the payload has no member ${member}`])),
    ...(event === placedKind || definitionByKind.has(event) ? [`event: ${event} is an event of the library`] : []),
    ...(namesake === undefined ? [] : [`event: ${event} is the event of ${namesake[0]}, too`]),
    ...(Object.values(from).every((to) => to === undefined) ? ["from: must name a status that it may be given in"] : []),
    ...Object.entries(from).flatMap(([status, to]) => [
      ...(hasStatus(process, status) ? [] : [`from: there is no status ${status}`]),
      ...(to === undefined || hasStatus(process, to) ? [] : [`from: there is no status ${to} to lead to`]),
      ...(isLibraryStatus(status) && isFinal(library, status) ? [`from: nothing follows ${status}`] : []),
      ...(isLibraryStatus(to) && isFinal(library, to) ? [`from: a command of the process cannot lead to ${to}`] : [])
    ])
  ]
}

const placedKind = OrderPlaced.fields.type.schema.literal

const hasStatus = ({ statuses }: OrderProcess, status: string): boolean => isLibraryStatus(status) || statuses.has(status)

// --- guards ------------------------------------------------------------------------------------------------------------------------------

const GuardSchema = Schema.Struct({ before: Schema.String, holds: AFunction<OwnGuard["holds"]>(), refusal: WordsSchema })
const guardMisfits = misfits(GuardSchema)

const guardFaults = (process: OrderProcess, name: string, guard: OwnGuard, taken: ReadonlySet<string>): Faults => {
  const isTaken =
    taken.has(name) ||
    [...process.commands.keys()].some((command) => possibleFact(command) === name) ||
    [...process.statuses.keys()].some((status) => unlessStatus(status) === name)
  const faults = [...nameFaults(name, isTaken), ...guardMisfits(guard)]
  if (faults.length > 0) return faults
  const { before } = guard
  return Object.hasOwn(commands, before) || process.commands.has(before) ? [] : [`before: there is no command ${before}`]
}

// --- due commands ------------------------------------------------------------------------------------------------------------------------

const DueSchema = Schema.Struct({
  when: Schema.Struct({ status: Schema.String }),
  after: DurationText,
  command: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown)
})
const dueMisfits = misfits(DueSchema)

const dueFaults = (process: OrderProcess, name: string, due: OwnDue): Faults => {
  const faults = [...nameFaults(name, name === expiryName), ...dueMisfits(due)]
  if (faults.length > 0) return faults
  const { when, command, payload = {} } = due
  const given = Object.hasOwn(commands, command) ? commands[command as CommandType] : undefined
  const own = process.commands.get(command)
  const request = given?.request ?? own?.payload ?? Schema.Struct({})
  return [
    ...(hasStatus(process, when.status) ? [] : [`when: there is no status ${when.status}`]),
    ...(given === undefined && own === undefined ? [`command: there is no command ${command}`] : []),
    ...(given === undefined || given.target === "order" ? [] : [`command: ${command} asks for more than the order`]),
    ...(given?.target === "order" || own !== undefined ? payloadFaults(request, payload) : [])
  ]
}

const payloadFaults = (request: RequestSchema, payload: object): Faults => {
  const read = Result.flatMap(
    reader(request as Schema.Struct<{}>, "payload", "refused")(payload),
    reader(NewJsonObject, "payload")
  )
  return Result.isFailure(read) ? read.failure.details.map(({ path, message }) => `${path} ${message}`) : []
}

// --- rows --------------------------------------------------------------------------------------------------------------------------------

const sqlName = /^[a-z_][a-z0-9_]{0,62}$/
const RowsSchema = Schema.Struct({ columns: Schema.Record(Schema.String, Schema.Literals(columnTypes)), rows: AFunction() })
const rowsMisfits = misfits(RowsSchema)

const tableFaults = (table: string, given: OwnRows): Faults => {
  const names = table.split(".")
  const faults = [
    ...(names.length === 2 && names.every((name) => sqlName.test(name))
      ? []
      : ["must be named schema.table, in small letters, digits and _"]),
    ...(names[0] === "order_lifecycle" ? ["the tables of the library are its own"] : []),
    ...rowsMisfits(given)
  ]
  if (faults.length > 0) return faults
  return Object.keys(given.columns).flatMap((column) => [
    ...(sqlName.test(column) ? [] : [`column ${column}: must be small letters, digits and _`]),
    ...(Object.hasOwn(filledColumns, column) ? [`column ${column}: is filled by the library`] : [])
  ])
}
