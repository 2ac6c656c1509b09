/** Bodies that nobody means well with: valid ones with something changed, and texts that only look like JSON. */
import { pick, type Random, whole } from "./seeded.ts"

/** What stands in an unknown member. It must come back from nowhere. */
export const canary = "canary-of-an-unknown-member"

const nasty: ReadonlyArray<unknown> = [
  null,
  true,
  false,
  0,
  -1,
  -0,
  1.5,
  1e21,
  1e-7,
  2 ** 53,
  121,
  10_001,
  "",
  " ",
  "x",
  "\u0000",
  "a\ud800",
  "\udc00",
  "\u{1f600}",
  "\u202e",
  "\u001b[31m",
  "a\r\nb",
  "__proto__",
  "constructor",
  "../..",
  "%2f",
  "'; DROP TABLE orders; --",
  "$1",
  "${x}",
  "1e400",
  "NaN",
  "2026-02-30",
  "0000-00-00T00:00:00Z",
  "2026-12-01",
  "x".repeat(129),
  "x".repeat(1_001),
  "\u{1f600}".repeat(1_001),
  [],
  {},
  [[]],
  [null],
  ["x"],
  { x: 1 },
  { length: 1 },
  { toString: "x" }
]

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The value with one thing in it changed. */
const change = (random: Random, value: unknown): unknown => {
  if (Array.isArray(value) && value.length > 0 && random() < 0.7) {
    const at = whole(random, 0, value.length)
    return random() < 0.2
      ? [...value, ...(value as ReadonlyArray<unknown>)]
      : value.map((each: unknown, index) => (index === at ? change(random, each) : each))
  }
  if (isRecord(value) && random() < 0.9) {
    const names = Object.keys(value)
    const name = names.length > 0 ? pick(random, names) : "x"
    switch (whole(random, 0, 5)) {
      case 0:
        return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
      case 1:
        return {
          ...value,
          [pick(random, ["x", "status", "tenantId", "version", "actor", "constructor", "toJSON", "prototype", ""])]: canary
        }
      default:
        return { ...value, [name]: change(random, value[name]) }
    }
  }
  return pick(random, nasty)
}

const particles = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "\u0000",
  "\n",
  "1e999",
  "-",
  "null",
  '"__proto__":{"polluted":true},',
  "/**/",
  "\ufeff",
  "\u2028",
  "]".repeat(40),
  "[".repeat(40)
]

const changeText = (random: Random, text: string): string => {
  const at = whole(random, 0, text.length + 1)
  switch (whole(random, 0, 4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + text.slice(at + whole(random, 1, 9))
    case 2:
      return text.slice(0, at) + String.fromCharCode(whole(random, 0, 0x180)) + text.slice(at + 1)
    default:
      return text.slice(0, at) + pick(random, particles) + text.slice(at)
  }
}

/** A text of the grammar of JSON, with its usual slips. */
const written = (random: Random, depth = 0): string => {
  const kind = whole(random, 0, depth > 4 ? 6 : 9)
  if (kind < 6)
    return pick(random, ["null", "1", "-0", "1e999", '"x"', '"\\ud83d\\ude00"', '"\\ud800"', "tru", "NaN", "''", "01", '"a\nb"'])
  const many = Array.from({ length: whole(random, 0, 4) }, () => written(random, depth + 1))
  return kind === 6
    ? `[${many.join(",")}]`
    : `{${many.map((each) => `"${pick(random, ["reason", "notes", "items", "__proto__", "customer", "rentalId", "x"])}":${each}`).join(",")}}`
}

/** A hostile body, made from a valid one most of the time; now and then the valid one itself. */
export const hostileBody = (random: Random, valid: unknown): string => {
  const kind = random()
  if (kind < 0.05) return JSON.stringify(valid)
  if (kind < 0.2) return random() < 0.1 ? written(random, 9) : `{${written(random).replaceAll(/^[[{]|[\]}]$/g, "")}}`
  let value = valid
  for (let left = whole(random, 1, 4); left > 0; left--) value = change(random, value)
  const text = JSON.stringify(value)
  // What is changed as text may put the content of one member into another.
  return kind < 0.75 ? text : changeText(random, text.replaceAll(canary, "x"))
}
