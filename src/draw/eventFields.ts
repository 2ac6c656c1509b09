/** What events say: what all of them have, and what one has of its own. */
import * as Schema from "effect/Schema"
import { libraryEvents } from "../order/AuditEvent.ts"
import { type Field, fieldsOf, type JsonSchema, jsonSchemaOf } from "./fields.ts"

export const descriptionOf = (schema: Schema.Constraint | undefined): string =>
  (schema && Schema.resolveAnnotations(schema)?.description) ?? ""

/** The members of every event. */
export const commonEventFields = (): ReadonlyArray<Field> => {
  const [first] = libraryEvents
  const { type: _, details: __, confidential: ___, ...common } = first.fields
  return fieldsOf(jsonSchemaOf(Schema.Struct(common))).map((field) => ({
    ...field,
    description: descriptionOf(new Map<string, Schema.Constraint>(Object.entries(common)).get(field.name)) || field.description
  }))
}

/** The members of a part of an event of the library: of what it says by itself, or of what names people or is free text. */
export const fieldsOfPart = (schema: JsonSchema, part: "details" | "confidential"): ReadonlyArray<Field> =>
  fieldsOf(schema.properties?.[part] ?? {}, `${part}.`)
