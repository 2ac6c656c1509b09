/**
 * Entity tags (RFC 9110, 8.8.3): what an answer says of the state it shows, and what `If-Match` expects. An order's is its version; that of notes
 * is a hash of their text. They are for `If-Match` only: no answer is ever left out because the reader has it.
 */
import { createHash } from "node:crypto"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { ExpectedVersion } from "../lifecycle/expectedVersion.ts"
import type { InputFault } from "../order/commonRefusals.ts"
import { headerValues } from "./headers.ts"

/** The header of an answer that shows an order at a version, or what came of a command that led to it. */
export const versionTag = (version: number) => ({ etag: `"${version}"` })

/** The header of an answer that shows notes, or rewrites them. */
export const notesTag = (notes: string) => ({ etag: `"${hashOf(notes)}"` })

export const hashOf = (notes: string): string => createHash("sha256").update(notes).digest("hex")

const tag = /(?:W\/)?"([\x21\x23-\x7e]*)"/
const oneOrMore = new RegExp(`^${tag.source}(?:[ \\t]*,[ \\t]*${tag.source})*$`)

export const ifMatchFault = (message: string): InputFault => ({ path: "If-Match", message, code: "invalid_value" })

/** What a request expects of the state that it is to change: nothing, or any of some tags. Proxies that compress make tags weak on their way. */
interface Expected<Tag> {
  readonly tags?: ReadonlyArray<Tag>
  readonly fault?: InputFault
}

const tagsOf = (request: HttpServerRequest, isTag: RegExp, meant: string): Expected<string> => {
  const values = headerValues(request, "if-match")
  const value = values.join(",").trim()
  if (values.length === 0 || value === "*") return {}
  const tags = oneOrMore.test(value) ? Array.from(value.matchAll(new RegExp(tag, "g")), ([, opaque = ""]) => opaque) : []
  return tags.length > 0 && tags.every((each) => isTag.test(each)) ? { tags } : { fault: ifMatchFault(`must be * or ${meant}`) }
}

/** The versions that `If-Match` expects. */
export const expectedVersionsOf = (
  request: HttpServerRequest
): { readonly versions?: ExpectedVersion; readonly fault?: InputFault } => {
  const { tags, fault } = tagsOf(request, /^[1-9]\d{0,14}$/, 'versions in quotes, with commas between them: "3", "4"')
  const [first, ...others] = (tags ?? []).map(Number)
  return { ...(first !== undefined && { versions: [first, ...others] }), ...(fault && { fault }) }
}

/** The hashes of notes that `If-Match` expects. */
export const expectedNotesOf = (request: HttpServerRequest): Expected<string> =>
  tagsOf(request, /^[0-9a-f]{64}$/, "the ETag of the notes")
