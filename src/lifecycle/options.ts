/**
 * What an embedding service gives besides commands: options, when it builds something, and answers of the ports that it implements. Both are
 * read. A mistake there is the service's, never its customers', so it is thrown: by the function that was given the option, or as a defect
 * of the call that asked the port, before anything is stored.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inputFaults, reader } from "../order/readInput.ts"
import { InputFault } from "../order/commonRefusals.ts"

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

/** How to read each option of a function: a schema by name. An option that may be left out needs no mention of that. */
type Readers<Options extends object> = { readonly [Name in keyof Required<Options>]: Schema.ConstraintDecoder<unknown> }

/**
 * A reader of the options of a function, `path`, say `OrderLifecycle.layer`. Throws a `WrongOption` that names the option that cannot be used,
 * and for one that does not exist the names of those that do. An option that is left out, or `undefined`, is not looked at: where one is
 * needed, name it in `needed`. The options come back as they were given.
 */
export const optionsReader = <Options extends object>(
  path: string,
  schemas: Readers<Options>,
  needed: ReadonlyArray<keyof Options & string> = []
) => {
  const names = Object.keys(schemas)
  const readers = new Map(
    Object.entries<Schema.ConstraintDecoder<unknown>>(schemas).map(([name, schema]) => [name, optionReader(schema, "strictly")])
  )
  const readObject = optionReader(Schema.Record(Schema.String, Schema.Unknown))
  return <Given extends Options>(options: Given | undefined): Given => {
    const given = options ?? {}
    readObject(given, path)
    for (const [name, value] of Object.entries(given)) {
      const read = readers.get(name)
      if (read === undefined)
        throw wrongOption(`${path}.${name}`, `is not an option; the options are ${names.join(", ")}`, "unexpected")
      if (value !== undefined) read(value, `${path}.${name}`)
    }
    for (const name of needed)
      if (given[name as keyof typeof given] === undefined) throw wrongOption(`${path}.${name}`, "is required", "required")
    return given as Given
  }
}

/** A length of time as an option: what Effect takes for one (`"5 seconds"`, milliseconds), and not negative. */
export const DurationOption = Schema.Unknown.check(
  Schema.makeFilter<unknown>((given) => {
    const duration = Duration.fromInput(given as Duration.Input)
    return (Option.isSome(duration) && Duration.toMillis(duration.value) >= 0) || 'must be a length of time, say "5 seconds"'
  })
)

/** The PostgreSQL schema that orders live in unless said otherwise. */
export const defaultSchema = "order_lifecycle"

/** The name of a PostgreSQL schema as an option, 63 bytes at most. */
export const SchemaNameOption = Schema.String.check(
  Schema.isPattern(/^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/, {
    message:
      "must be 1 to 63 small letters, digits and _, beginning with a letter or _, and none of the server's own schemas (pg_…)"
  })
)

/** In how many parts tables are. A statement whose plan is kept locks all of them, so there cannot be any number. */
export const PartitionsOption = Schema.Number.check(
  Schema.makeFilter<number>(
    (parts) => (Number.isInteger(parts) && parts >= 2 && parts <= 128) || "must be a whole number from 2 to 128"
  )
)

/** An object as an option: something with members of its own, whatever they are. */
export const ObjectOption = Schema.Unknown.check(
  Schema.makeFilter<unknown>((given) => (typeof given === "object" && given !== null) || "must be an object")
)

/** A function as an option. */
export const FunctionOption = Schema.Unknown.check(
  Schema.makeFilter<unknown>((given) => typeof given === "function" || "must be a function")
)

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
