/** How a value or an output is shown in a page: in one way only, so that two runs can be compared letter by letter. */
import { inspect } from "node:util"

/** A value in one line, as it would be written in code. */
export const literal = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.entries(value).map(
      ([key, member]) => `${/^\w+$/.test(key) ? key : JSON.stringify(key)}: ${literal(member)}`
    )
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
  }
  return inspect(value, { breakLength: Infinity })
}

const width = 110

/** JSON with every array and object that fits into a line on one. */
export const json = (value: unknown, indent = ""): string => {
  const flat = JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ")
  if (indent.length + flat.length <= width || typeof value !== "object" || value === null) return flat
  const inner = `${indent}  `
  const members = Array.isArray(value)
    ? value.map((member) => inner + json(member, inner))
    : Object.entries(value).map(([key, member]) => `${inner}${JSON.stringify(key)}: ${json(member, inner)}`)
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  return `${open}\n${members.join(",\n")}\n${indent}${close}`
}

const changing =
  /\b(ord|sub|cust|req)_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/**
 * What differs from run to run, in a form that does not: the first order id of a page is `ord_1`, the next `ord_2`; likewise `sub_`,
 * `cust_`, `req_`, and `hash_` for 64 hex digits. Every moment is the same one.
 */
export const makeNormaliser = (): ((text: string) => string) => {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  return (text) =>
    text.replaceAll(changing, (found, prefix: string | undefined) => {
      if (found.endsWith("Z")) return "2026-11-23T09:30:00.000Z"
      const kind = prefix ?? "hash"
      const known = names.get(found)
      if (known !== undefined) return known
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      names.set(found, `${kind}_${count}`)
      return `${kind}_${count}`
    })
}
