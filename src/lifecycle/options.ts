/**
 * What an embedding service gives besides commands: options, when it builds something, and answers of the ports that it implements. Both are
 * read. A mistake there is the service's, never its customers', so it is thrown: by the function that was given the option, or as a defect
 * of the call that asked the port, before anything is stored.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inputFaults, reader } from "../order/readInput.ts"
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

/**
 * A reader of options that may all be left out: throws a `WrongOption` that names the wrong option, and for one that does not exist the names
 * of those that do. `undefined` counts as left out. `path` says whose options they are, say `OrderLifecycle.layer`.
 */
export const optionsReader = <const Fields extends Schema.Struct.Fields>(path: string, fields: Fields) => {
  const names = Object.keys(fields).join(", ")
  const read = optionReader(Schema.Struct(fields) as unknown as Schema.ConstraintDecoder<unknown>)
  const readObject = optionReader(Schema.Record(Schema.String, Schema.Unknown))
  /** The very options that were given: what they hold is checked, and kept as it is. */
  return <Options extends object>(options: Options | undefined): Options => {
    const given = readObject(options ?? {}, path)
    const known = Object.entries(given).filter(([, value]) => value !== undefined)
    const [unknown] = known.find(([name]) => !Object.hasOwn(fields, name)) ?? []
    if (unknown !== undefined)
      throw wrongOption(`${path}: ${unknown}`, `is not an option; the options are ${names}`, "unexpected")
    const present = Object.fromEntries(known)
    read(present, path)
    return present as Options
  }
}

/** A port of the embedding service gave an answer that cannot be used. Names the port and every wrong field; nothing was stored. */
export class WrongAnswer extends Schema.TaggedError<WrongAnswer>()("WrongAnswer", {
  port: Schema.String,
  details: Schema.NonEmptyArray(InputFault)
}) {
  override get message() {
    return `${this.port}: ${this.details.map(describe).join("; ")}`
  }
}

/** One fault of a port's answer. */
export const wrongAnswer = (port: string, path: string, message: string) =>
  new WrongAnswer({ port, details: [{ path, message, code: "invalid_value" }] })

/** A reader of what a port answers: the value, or throws a `WrongAnswer`. `above` is where in the answer the value stands. */
export const answerReader = <S extends Schema.ConstraintDecoder<unknown>>(port: string, schema: S) => {
  const read = reader(schema)
  return (answer: unknown, above = ""): S["Type"] => {
    const result = read(answer)
    if (Result.isSuccess(result)) return result.success
    const below = (fault: InputFault): InputFault => ({
      ...fault,
      path: above === "" || fault.path === "" ? above + fault.path : `${above}.${fault.path}`
    })
    const [first, ...others] = result.failure.details
    throw new WrongAnswer({ port, details: [below(first), ...others.map(below)] })
  }
}
