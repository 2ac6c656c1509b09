/**
 * The canonical text of a JSON value (RFC 8785): members in the order of their names, and nothing else left to choice. What is hashed is
 * this text, so that a hash does not depend on who wrote the value down.
 *
 * It stands on the way of every command, so it is written for speed: one pass, and `JSON.stringify`, which writes scalars just as the
 * standard asks, only for what needs escaping.
 */

/** Throws on what JSON cannot say: a number that is not finite, text with a lone surrogate. Members that are `undefined` count as absent. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === "string") return quote(value)
  if (typeof value === "number") return writeNumber(value)
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  let text = ""
  if (Array.isArray(value)) {
    for (const element of value) text += text === "" ? canonicalJson(element ?? null) : `,${canonicalJson(element ?? null)}`
    return `[${text}]`
  }
  for (const { name, quoted } of membersOf(value)) {
    const member: unknown = value[name as keyof typeof value]
    if (member !== undefined) text += text === "" ? quoted + canonicalJson(member) : `,${quoted}${canonicalJson(member)}`
  }
  return `{${text}}`
}

const writeNumber = (number: number): string => {
  if (!Number.isFinite(number)) throw new Error(`JSON has no number ${number}`)
  return String(number)
}

/** ASCII without quote, backslash and control characters stands for itself. */
const isPlain = /^[ !#-[\]-~]*$/

const quote = (text: string): string => {
  if (isPlain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new Error("JSON has no text with a lone surrogate")
  return JSON.stringify(text)
}

/** Whether all of these are text that canonical JSON writes as it stands, between quotes. */
export const isPlainText = (...texts: ReadonlyArray<unknown>): boolean => {
  let all = ""
  for (const text of texts) {
    if (typeof text !== "string") return false
    all += text
  }
  return isPlain.test(all)
}

/** A member of an object: its name, and how a text goes on with it. */
interface Member {
  readonly name: string
  readonly quoted: string
}

/** Names that objects have begun with so far, one after the other: each step leads on to those that were seen next. */
interface Seen {
  readonly next: Map<string, Seen>
  inOrder?: ReadonlyArray<Member>
}

const start: Seen = { next: new Map() }
let steps = 0
/** Objects of the library have a few dozen sequences of names; those that callers make up are not to fill the memory. */
const mostSteps = 2_000

/** An object's members in order. The same sequences of names come again and again, and are put in order once. */
const membersOf = (value: object): ReadonlyArray<Member> => {
  const names = Object.keys(value)
  let seen = start
  for (const name of names) {
    let next = seen.next.get(name)
    if (next === undefined) {
      if (steps >= mostSteps) return inOrder(names)
      steps++
      next = { next: new Map() }
      seen.next.set(name, next)
    }
    seen = next
  }
  return (seen.inOrder ??= inOrder(names))
}

/** Strings are compared by UTF-16 code unit, in JavaScript and in the standard alike. */
const inOrder = (names: ReadonlyArray<string>): ReadonlyArray<Member> =>
  names.toSorted().map((name) => ({ name, quoted: `${quote(name)}:` }))
