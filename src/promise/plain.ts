/**
 * Input as it is written without Effect: strings and numbers that nobody has checked yet, and members that may be `undefined`.
 *
 * `undefined` counts as absent, as it does in JSON: `{ reason: body.reason }` is what callers write, whether there was a reason or not.
 */

/** `T` with `undefined` allowed wherever a member may be left out. */
export type Plain<T> =
  T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<Plain<Item>>
    : T extends object
      ? { readonly [Key in keyof T]: Partial<Pick<T, Key>> extends Pick<T, Key> ? Plain<T[Key]> | undefined : Plain<T[Key]> }
      : T

/** Deeper than any input that is accepted: whatever lies below is left as it is. */
const maxDepth = 64

/** The input without its members that are `undefined`; the very same where there are none. Only plain objects and arrays are looked into. */
export const withoutUndefined = (input: unknown, above: ReadonlyArray<unknown> = []): unknown => {
  if (typeof input !== "object" || input === null) return input
  // A circle has no place in any input either. It is for the schemas to refuse; here it only must not be walked for ever.
  if (above.length > maxDepth || above.includes(input)) return input
  const path = [...above, input]
  if (Array.isArray(input)) {
    const items = input.map((item) => withoutUndefined(item, path))
    return items.some((item, index) => item !== input[index]) ? items : input
  }
  const prototype: unknown = Object.getPrototypeOf(input)
  if (prototype !== Object.prototype && prototype !== null) return input
  let isChanged = false
  const members = Object.entries(input).flatMap(([key, member]) => {
    const kept = withoutUndefined(member, path)
    if (kept !== member || member === undefined) isChanged = true
    return member === undefined ? [] : [[key, kept] as const]
  })
  return isChanged ? Object.fromEntries(members) : input
}
