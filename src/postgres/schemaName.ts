/**
 * The PostgreSQL schema that everything lives in. Statements are written for `order_lifecycle`. For another schema their text is rewritten here,
 * on its way into the client and once for each text; for `order_lifecycle` nothing is touched. What a caller gives goes in parameters, where
 * nothing is rewritten.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { defaultSchema, optionReader, SchemaNameOption } from "../lifecycle/options.ts"

/** The schema of the layers and of `migrate`: a name that was checked. */
export const SchemaName = Context.Reference<string>("order-lifecycle/postgres/SchemaName", { defaultValue: () => defaultSchema })

const readName = optionReader(SchemaNameOption)

/**
 * Provide it to the layers of this folder, and to `migrate`, to have everything in a schema of that name instead of `order_lifecycle`. Throws a
 * `WrongOption`.
 */
export const layerSchema = (schema: string): Layer.Layer<never> => Layer.succeed(SchemaName, readName(schema, "layerSchema"))

/** The surrounding client, for the surrounding schema. */
export const ourClient: Effect.Effect<SqlClient.SqlClient, never, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return clientIn(sql.withoutTransforms(), yield* SchemaName)
})

const schemas = new WeakMap<SqlClient.SqlClient, string>()

/** The schema that a client's statements are for. */
export const schemaOf = (sql: SqlClient.SqlClient): string => schemas.get(sql) ?? defaultSchema

/** The client, with every statement's text written for that schema. */
export const clientIn = (sql: SqlClient.SqlClient, schema: string): SqlClient.SqlClient => {
  if (schema === defaultSchema) return sql
  const { text, template } = rewritingFor(schema)
  // Everything that text can come in by. A fragment that stands within another has been rewritten already.
  const statement = (strings: TemplateStringsArray | string, ...values: Array<unknown>) =>
    typeof strings === "string" ? sql(strings) : sql(template(strings), ...values)
  const client = Object.assign(statement, sql, {
    unsafe: (given: string, values?: ReadonlyArray<unknown>) => sql.unsafe(text(given), values),
    literal: (given: string) => sql.literal(text(given)),
    withoutTransforms: () => client
  }) as SqlClient.SqlClient
  schemas.set(client, schema)
  return client
}

/** The client, which sends its statements through that other one, is for the same schema. */
export const forSchemaOf = (through: SqlClient.SqlClient, client: SqlClient.SqlClient): SqlClient.SqlClient => {
  schemas.set(client, schemaOf(through))
  return client
}

/** What was rewritten, by schema: there are few of them, and few texts. */
const rewritings = new Map<string, ReturnType<typeof makeRewriting>>()

const rewritingFor = (schema: string) => {
  const rewriting = rewritings.get(schema) ?? makeRewriting(schema)
  rewritings.set(schema, rewriting)
  return rewriting
}

const makeRewriting = (schema: string) => {
  const text = remembering(new Map<string, string>(), (given) => inSchema(given, schema))
  const template = remembering(new WeakMap<TemplateStringsArray, TemplateStringsArray>(), (given): TemplateStringsArray =>
    Object.assign(given.map(text), { raw: given.raw })
  )
  return { text, template }
}

/** The function, called once for each value. */
const remembering =
  <A>(known: { get(given: A): A | undefined; set(given: A, made: A): unknown }, make: (given: A) => A) =>
  (given: A): A => {
    const found = known.get(given)
    if (found !== undefined) return found
    const made = make(given)
    known.set(given, made)
    return made
  }

/**
 * The text of a statement with another schema instead of `order_lifecycle`: as an identifier, or, within quotes, as a name. The same word in a name
 * of the embedding service's own (a column, a table of another schema, a part of a word) stays.
 */
export const inSchema = (text: string, schema: string): string =>
  schema === defaultSchema
    ? text
    : text.replaceAll(/(?<![\w$."])('?)order_lifecycle(?![\w$"])/g, (_, quote: string) =>
        quote === "" ? `"${schema}"` : `'${schema}`
      )

/** The key of an advisory lock: each schema has its own, so that two of them in one database do not wait for each other. */
export const lockKeyOf = (sql: SqlClient.SqlClient, key: string): string => {
  const schema = schemaOf(sql)
  return schema === defaultSchema ? key : String(BigInt.asUintN(63, BigInt(key) ^ hashOf(schema)))
}

/** FNV-1a, 64 bits. */
const hashOf = (text: string): bigint =>
  Array.from(text, (character) => BigInt(character.charCodeAt(0))).reduce(
    (hash, code) => BigInt.asUintN(64, (hash ^ code) * 0x1_00_00_00_01_b3n),
    0xcb_f2_9c_e4_84_22_23_25n
  )
