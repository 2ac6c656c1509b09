/**
 * Text as it may enter the library: well-formed Unicode without U+0000.
 *
 * PostgreSQL cannot store U+0000 and rewrites a lone surrogate, so that the stored text would differ from the audited one. Both are
 * therefore refused where text comes in. Nothing is trimmed or normalised.
 */
import * as Schema from "effect/Schema"

/** Well-formed Unicode (no lone surrogate). */
const isWellFormed = Schema.makeFilter<string>((text) => text.isWellFormed() || "must be well-formed Unicode")

/** No U+0000. */
const hasNoNul = Schema.makeFilter<string>((text) => !text.includes("\u0000") || "must not contain U+0000")

/** Any storable text, empty included. */
export const Text = Schema.String.check(isWellFormed, hasNoNul)

/** Any storable text of at least one character. */
export const NonEmptyText = Text.check(Schema.isMinLength(1))

/** Storable text of at most `max` Unicode code points, which is how JSON Schema counts `maxLength`. */
export const textUpTo = (max: number) => Text.check(Schema.isMaxCodePoints(max))

/** An opaque name or id: 1 to 128 code points, no control character. */
export const Name = NonEmptyText.check(
  Schema.isMaxCodePoints(128),
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what this refuses
  Schema.makeFilter<string>((text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text) || "must not contain control characters")
)

/**
 * What an identifier must be that comes in as new: without white space at its ends, without characters that cannot be seen, and in the
 * one form (NFC) in which two that look the same are the same. Upper and lower case stay different. Identifiers that are stored already
 * were taken under laxer rules, so what only looks something up asks for a `Name`.
 */
export const asNewIdentifier = <A extends string>() =>
  Schema.makeFilter<A>((text) => {
    if (/^\s|\s$/u.test(text)) return "must not begin or end with white space"
    // Control characters (Cc) are refused by every `Name`.
    if (/[\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return "must not contain characters that cannot be seen"
    return text === text.normalize("NFC") || "must be in Unicode normalization form C"
  })

/** An email address: one `@` with something on both sides, no white space, at most 254 characters. */
export const Email = Text.check(
  Schema.makeFilter<string>((text) => (text.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(text)) || "must be an email address")
)

/** How deep free-form JSON may nest; deeper input overflows recursive readers long before it is large. */
export const maxJsonDepth = 32

/** Says what is wrong with free-form JSON, or `undefined`: too deep, a number that JSON cannot write, or text that cannot be stored. */
export const jsonFault = (json: unknown, depth = 1): string | undefined => {
  if (typeof json === "string") {
    if (!json.isWellFormed()) return "must be well-formed Unicode"
    return json.includes("\u0000") ? "must not contain U+0000" : undefined
  }
  if (typeof json === "number") return Number.isFinite(json) ? undefined : "must be a finite number"
  if (typeof json !== "object" || json === null) return undefined
  if (depth > maxJsonDepth) return `must not nest deeper than ${maxJsonDepth} levels`
  for (const [key, value] of Object.entries(json)) {
    const fault = jsonFault(key, depth) ?? jsonFault(value, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** A free-form JSON object, storable as it is. */
export const JsonObject = Schema.JsonObject.check(Schema.makeFilter<Schema.JsonObject>((json) => jsonFault(json) ?? true))

/** The name that a member of new JSON may not have: a program that copies objects member by member loses it without a word. */
export const reservedMember = "__proto__"

const hasReservedMember = (json: unknown, depth = 1): boolean =>
  typeof json === "object" &&
  json !== null &&
  depth <= maxJsonDepth &&
  Object.entries(json).some(([name, value]) => name === reservedMember || hasReservedMember(value, depth + 1))

/** A free-form JSON object that comes in as new. Stored ones may have the member that is refused here. */
export const NewJsonObject = JsonObject.check(
  Schema.makeFilter<Schema.JsonObject>(
    (json) => !hasReservedMember(json) || `must not have a member called ${reservedMember}, at any depth`
  )
)
