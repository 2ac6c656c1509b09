/**
 * What is lost when JavaScript reads a JSON text: digits of a number that it cannot keep, a member that is given twice, a member called
 * `__proto__`. Found on the text, because afterwards nothing shows it.
 */
import * as SchemaAST from "effect/SchemaAST"
import type { InputFault } from "../order/commonRefusals.ts"
import { reservedMember } from "../order/Text.ts"

/** A place in a JSON text: names of members and positions in arrays. */
type Path = ReadonlyArray<string | number>

/** Something that is lost, and where. */
interface Loss {
  readonly path: Path
  readonly kind: "number" | "repeated" | "reserved"
}

/** Strings, numbers and punctuation. What stands between them is white space, `true`, `false` and `null`. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\]:,]/gs

interface Container {
  /** Undefined in an array. */
  readonly names: Set<string> | undefined
  at: string | number
}

/** Everything that is lost of a valid JSON text. */
export const lossesOf = (text: string): ReadonlyArray<Loss> => {
  const losses: Array<Loss> = []
  const above: Array<Container> = []
  const lose = (kind: Loss["kind"]) => losses.push({ path: above.map(({ at }) => at), kind })
  let name: string | undefined
  for (const [found] of text.matchAll(token)) {
    const inside = above.at(-1)
    switch (found) {
      case "{":
        above.push({ names: new Set(), at: "" })
        break
      case "[":
        above.push({ names: undefined, at: 0 })
        break
      case "}":
      case "]":
        above.pop()
        break
      case ",":
        if (typeof inside?.at === "number") inside.at++
        break
      case ":":
        // What stands before a colon is a name.
        if (inside?.names === undefined || name === undefined) break
        inside.at = name
        if (name === reservedMember) lose("reserved")
        else if (inside.names.has(name)) lose("repeated")
        inside.names.add(name)
        break
      default:
        if (found.startsWith('"')) name = inside?.names && (JSON.parse(found) as string)
        else if (!isKept(found)) lose("number")
    }
  }
  return losses
}

/** Whether the shortest form in which JavaScript writes a number has the same value as these digits. */
export const isKept = (digits: string): boolean => {
  // So few digits and no exponent: no double comes between them.
  if (digits.length <= 15 && !/[eE]/.test(digits)) return true
  const number = Number(digits)
  return Number.isFinite(number) && valueOf(digits) === valueOf(String(number))
}

/** A decimal number in the one form that all ways of writing it have in common: its digits without zeros around them, and their power. */
const valueOf = (decimal: string): string => {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? []
  const digits = `${whole}${fraction}`
  let [first, end] = [0, digits.length]
  while (first < end && digits[first] === "0") first++
  while (end > first && digits[end - 1] === "0") end--
  if (first === end) return "0"
  return `${sign}${digits.slice(first, end)}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end)}`
}

/** Names of members are the caller's own: paths made of them are echoed up to this length. */
const maxPathLength = 128

const words = {
  number: ["has more digits than a number can keep: send it as text", "inexact_number"],
  repeated: ["is given twice", "repeated"],
  reserved: ["must not have this name", "reserved_name"]
} as const

/**
 * What is lost of a body, as faults: numbers wherever one of the schemas knows the member, the rest only within free-form JSON. Of members
 * that nothing knows nothing is kept, so nothing is lost either; of a known member that is given twice the last one counts.
 */
export const lossFaults = (text: string, schemas: ReadonlyArray<SchemaAST.AST>): ReadonlyArray<InputFault> =>
  lossesOf(text).flatMap(({ path, kind }) => {
    const standings = new Set(schemas.map((ast) => standingOf(ast, path)))
    if (!standings.has("free-form") && (kind !== "number" || !standings.has("known"))) return []
    const [message, code] = words[kind]
    const written = path.reduce<string>(
      (all, each) => (typeof each === "number" ? `${all}[${each}]` : all === "" ? each : `${all}.${each}`),
      ""
    )
    return [{ path: written.slice(0, maxPathLength).toWellFormed(), message, code }]
  })

/** Whether a schema names the member at a path, or takes whatever stands there. */
const standingOf = (ast: SchemaAST.AST, [first, ...deeper]: Path): "known" | "free-form" | "unknown" => {
  if (SchemaAST.isUnion(ast)) {
    const standings = ast.types.map((type) => standingOf(type, first === undefined ? [] : [first, ...deeper]))
    return standings.find((each) => each !== "unknown") ?? "unknown"
  }
  if (SchemaAST.isDeclaration(ast)) return "free-form"
  if (first === undefined) return "known"
  if (SchemaAST.isArrays(ast)) {
    const [element] = ast.rest
    return typeof first === "number" && element !== undefined ? standingOf(element, deeper) : "unknown"
  }
  if (!SchemaAST.isObjects(ast)) return "unknown"
  if (ast.indexSignatures.length > 0) return "free-form"
  const member = ast.propertySignatures.find(({ name }) => name === first)
  return member === undefined ? "unknown" : standingOf(member.type, deeper)
}
