/** Whether two JSON values are the same: members by name, in whatever order they stand. What is one object is not looked into. */
export const isSameValue = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
    return false
  let more = 0
  for (const name in a) {
    more++
    const member: unknown = b[name as keyof typeof b]
    if (member === undefined && !Object.hasOwn(b, name)) return false
    if (!isSameValue(a[name as keyof typeof a], member)) return false
  }
  for (const _ in b) more--
  return more === 0
}
