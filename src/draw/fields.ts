/** The members of a schema as the rows of a table: their names, what they may be, and what they are. */
import * as Schema from "effect/Schema"
import { type Line, type Name, names, prose, type Table } from "./content.ts"

/** What of JSON Schema our schemas come to. */
export interface JsonSchema {
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: ReadonlyArray<string>
  readonly items?: JsonSchema
  readonly description?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly $ref?: string
}

/** What a schema says of itself. Where it has a name of its own, that is looked up. */
export const jsonSchemaOf = (schema: Schema.Constraint): JsonSchema => {
  const document = Schema.toJsonSchemaDocument(schema)
  const whole = document.schema as JsonSchema
  return whole.$ref === undefined ? whole : ((document.definitions[nameOfShape(whole.$ref)] as JsonSchema | undefined) ?? whole)
}

/** The shapes with a name of their own in a schema. */
export const shapesOf = (schema: Schema.Constraint): ReadonlyArray<readonly [name: string, shape: JsonSchema]> =>
  Object.entries(Schema.toJsonSchemaDocument(schema).definitions as Readonly<Record<string, JsonSchema>>)

const bound = (value: number | undefined) =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined

const range = (least: number | undefined, most: number | undefined, unit = ""): string => {
  const count = (value: number) => `${value.toLocaleString("en")}${unit}`
  if (least === 1 && most === undefined) return ", not empty"
  if (least !== undefined && most !== undefined) return `, ${least.toLocaleString("en")} to ${count(most)}`
  if (least !== undefined && least > 0) return `, at least ${count(least)}`
  return most === undefined ? "" : `, at most ${count(most)}`
}

/** A link to where the page says what a shape with a name of its own is: below a heading with that name. */
export const shapeLink = (reference: string): Name => {
  const name = nameOfShape(reference)
  return { code: name, to: `#${name.toLowerCase()}` }
}

/** The name of a shape, of a reference to it. */
const nameOfShape = (reference: string): string => reference.split("/").at(-1) ?? reference

/** What a value may be, in words. */
export const typeOf = (schema: JsonSchema): Line => {
  const { type, enum: values, anyOf, items, minLength, maxLength, minimum, maximum, $ref } = schema
  if (values) return names(values.map(String))
  if (anyOf) return anyOf.flatMap((each, index) => (index === 0 ? typeOf(each) : [" or ", ...typeOf(each)]))
  if ($ref !== undefined) return [shapeLink($ref)]
  if (type === "string") return [`string${range(minLength, maxLength, " characters")}`]
  if (type === "integer") return [`whole number${range(bound(minimum), bound(maximum))}`]
  if (type === "array") return items?.properties ? ["list"] : ["list of ", ...(items ? typeOf(items) : ["anything"])]
  return [type ?? "any"]
}

export interface Field {
  /** `details.lines[].sku` */
  readonly name: string
  readonly type: Line
  readonly isOptional: boolean
  readonly description: string
}

/** Every member, and the members of members behind it. */
export const fieldsOf = ({ properties = {}, required = [] }: JsonSchema, prefix = ""): ReadonlyArray<Field> =>
  Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`
    const inner = schema.properties ? fieldsOf(schema, `${path}.`) : schema.items ? fieldsOf(schema.items, `${path}[].`) : []
    const own = { name: path, type: typeOf(schema), isOptional: !required.includes(name), description: schema.description ?? "" }
    return [own, ...inner]
  })

/** Fields as a table. A column that says nothing about any of them is left out. */
export const fieldTable = (fields: ReadonlyArray<Field>): Table => {
  const columns: ReadonlyArray<readonly [head: string, cell: (field: Field) => Line]> = [
    ["Field", ({ name }) => [{ code: name }]],
    ["Type", ({ type }) => type],
    ["May be absent", ({ isOptional }) => (isOptional ? ["yes"] : [])],
    ["What it is", ({ description }) => prose(description)]
  ]
  const shown = columns.filter(([, cell]) => fields.some((field) => cell(field).length > 0))
  return {
    head: shown.map(([head]) => head),
    rows: fields.map((field) => shown.map(([, cell]) => cell(field)))
  }
}
