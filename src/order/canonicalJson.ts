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
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`JSON has no number ${value}`)
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  let text = ""
  if (Array.isArray(value)) {
    for (const element of value) text += `${text === "" ? "" : ","}${canonicalJson(element ?? null)}`
    return `[${text}]`
  }
  for (const name of namesInOrder(value)) {
    const member: unknown = value[name as keyof typeof value]
    if (member !== undefined) text += `${text === "" ? "" : ","}${quoteName(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** Strings are compared by UTF-16 code unit, in JavaScript and in the standard alike. */
const namesInOrder = (value: object): ReadonlyArray<string> => {
  const names = Object.keys(value)
  if (names.length > 32) return names.toSorted()
  // A few names, mostly in order, are sorted by insertion in less time than `sort` takes to get ready.
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string
    let place = i
    for (; place > 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string
    names[place] = name
  }
  return names
}

/** ASCII without quote, backslash and control characters stands for itself. */
const isPlain = /^[ !#-[\]-~]*$/

const quote = (text: string): string => {
  if (isPlain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new Error("JSON has no text with a lone surrogate")
  return JSON.stringify(text)
}

/** The same few names come again and again; those that callers make up are not to fill the memory. */
const quotedNames = new Map<string, string>()
const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50

const quoteName = (name: string): string => {
  const known = quotedNames.get(name)
  if (known !== undefined) return known
  const quoted = quote(name)
  if (isKept(name)) quotedNames.set(name, quoted)
  return quoted
}
