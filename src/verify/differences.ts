/** Where two JSON values differ, as paths. The values themselves may be confidential and are not repeated, except counts and statuses. */

/** At most this many differences are named. */
const most = 5

/** Paths at which `stored` is not `expected`, each as a sentence. Members whose value is `undefined` count as absent. */
export const differences = (stored: unknown, expected: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  const compare = (a: unknown, b: unknown, path: string): void => {
    if (found.length >= most || a === b) return
    if (isTree(a) && isTree(b) && Array.isArray(a) === Array.isArray(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        compare(memberOf(a, key), memberOf(b, key), path === "" ? key : Array.isArray(a) ? `${path}[${key}]` : `${path}.${key}`)
      }
      return
    }
    found.push(`${path} ${describe(a, b, path)}`)
  }
  compare(stored, expected, "")
  return found
}

const isTree = (value: unknown): value is object => typeof value === "object" && value !== null

const memberOf = (tree: object, key: string): unknown =>
  Object.hasOwn(tree, key) ? (tree as Readonly<Record<string, unknown>>)[key] : undefined

const describe = (stored: unknown, expected: unknown, path: string): string => {
  if (expected === undefined) return "is there and should not be"
  if (stored === undefined) return "is missing"
  const areCounts = typeof stored === "number" && typeof expected === "number"
  const areStatuses = typeof stored === "string" && typeof expected === "string" && /(^|\.)status$/.test(path)
  return areCounts || areStatuses ? `is ${stored} and should be ${expected}` : "is not what it should be"
}
