/**
 * The chain of hashes that makes tampering with an order's history visible.
 *
 * Each event is sealed with SHA-256 over its canonical encoding (RFC 8785), which contains the hash of the event before it. Its
 * confidential part enters only as an HMAC under a random salt: with the salt gone the text can neither be read nor guessed, and the
 * chain still verifies. A chain shows changes in its middle; that its newest events were cut off shows only to someone who kept a head
 * (`hash` of the newest event) elsewhere.
 *
 * Everything here is synchronous and runs in a browser as well.
 */
import type { AuditEvent } from "./AuditEvent.ts"
import { canonicalJson, isPlainText } from "./canonicalJson.ts"
import { type Digest, portableDigest } from "./digest.ts"
import type { OrderId, TenantId } from "./Order.ts"

/** An event as it is stored: in its place in the chain. */
export interface SealedEvent<Event extends AuditEvent = AuditEvent> {
  readonly event: Event
  /** Hex. Random, one per event. Null after erasure, when `event.confidential` is empty too. */
  readonly salt: string | null
  /** Hex. HMAC-SHA-256 of the confidential part under the salt. */
  readonly confidentialSeal: string
  /** Hex. `hash` of the event before; null for the first. */
  readonly previousHash: string | null
  /** Hex. SHA-256 over all of the above, except the salt and the confidential part itself. */
  readonly hash: string
}

const sealConfidential = (confidential: unknown, salt: string, digest: Digest): string =>
  digest.hmacSha256(salt, canonicalJson(confidential))

const hashOf = (event: AuditEvent, confidentialSeal: string, previousHash: string | null, digest: Digest): string =>
  digest.sha256(canonicalEvent(event, confidentialSeal, previousHash))

/**
 * The canonical text of an event in its place in the chain, without its confidential part. Every event has the same members, so their order
 * is written down here instead of being found out each time, and one look at all texts together says that none needs escaping. That takes
 * a third of the time; an event that is not as usual is written like any value.
 */
export const canonicalEvent = (event: AuditEvent, confidentialSeal: string, previousHash: string | null): string => {
  const { actor, at, details, from, orderId, released, requestId, sequence, tenantId, to, type } = event
  if (
    !isPlainText(at, confidentialSeal, from ?? "", orderId, previousHash ?? "", requestId, tenantId, to, type) ||
    !isUsual(event)
  )
    return canonicalJson({ ...event, confidential: undefined, confidentialSeal, previousHash })
  return (
    `{"actor":${canonicalJson(actor)},"at":"${at}","confidentialSeal":"${confidentialSeal}"` +
    `,"details":${canonicalJson(details)},"from":${from === null ? "null" : `"${from}"`},"orderId":"${orderId}"` +
    `,"previousHash":${previousHash === null ? "null" : `"${previousHash}"`},"released":${canonicalJson(released)}` +
    `,"requestId":"${requestId}","sequence":${canonicalJson(sequence)},"tenantId":"${tenantId}","to":"${to}","type":"${type}"}`
  )
}

const usualMembers = [
  "actor",
  "at",
  "confidential",
  "details",
  "from",
  "orderId",
  "released",
  "requestId",
  "sequence",
  "tenantId",
  "to",
  "type"
] as const satisfies ReadonlyArray<keyof AuditEvent>

/** All of the members, and no others. */
const isUsual = (event: AuditEvent): boolean => {
  for (const name of usualMembers) if (event[name] === undefined) return false
  return Object.keys(event).length === usualMembers.length
}

/** SHA-256 of a JSON value's canonical encoding, in hex. Members with the value `undefined` count as absent. */
export const fingerprint = (value: unknown, digest = portableDigest): string => digest.sha256(canonicalJson(value))

/** Put an event in its place in the chain. `salt` must be fresh randomness (32 bytes, hex). */
export const seal = <Event extends AuditEvent>(
  event: Event,
  previousHash: string | null,
  salt: string,
  digest = portableDigest
): SealedEvent<Event> => {
  const confidentialSeal = sealConfidential(event.confidential, salt, digest)
  return { event, salt, confidentialSeal, previousHash, hash: hashOf(event, confidentialSeal, previousHash, digest) }
}

/** With the salt goes the text; text without its salt is text that nothing vouches for. */
const isErased = (event: AuditEvent): boolean => Object.keys(event.confidential).length === 0

/** What is wrong with a chain: at which event, and what. */
export interface ChainFault {
  readonly sequence: number
  readonly fault: "missing" | "altered" | "relinked" | "confidential altered" | "moved"
}

/**
 * Check the chain of one order, oldest event first. `head`, when it is known from elsewhere, also shows whether the newest events are
 * missing; `owner`, whether the whole chain is that of another order. Returns the first fault, or null.
 */
export const verifyChain = (
  events: Iterable<SealedEvent>,
  head?: { readonly sequence: number; readonly hash: string },
  owner?: { readonly tenantId: TenantId; readonly orderId: OrderId },
  digest = portableDigest
): ChainFault | null => {
  let previous: SealedEvent | null = null
  let headSeen = head === undefined
  for (const sealed of events) {
    const { event, salt, confidentialSeal, previousHash, hash } = sealed
    const sequence: number = (previous?.event.sequence ?? 0) + 1
    if (event.sequence !== sequence) return { sequence, fault: "missing" }
    const home = owner ?? previous?.event
    if (home && (home.orderId !== event.orderId || home.tenantId !== event.tenantId)) return { sequence, fault: "moved" }
    if (previousHash !== (previous?.hash ?? null)) return { sequence, fault: "relinked" }
    if (hash !== hashOf(event, confidentialSeal, previousHash, digest)) return { sequence, fault: "altered" }
    const isIntact = salt === null ? isErased(event) : confidentialSeal === sealConfidential(event.confidential, salt, digest)
    if (!isIntact) return { sequence, fault: "confidential altered" }
    if (head?.sequence === sequence) {
      if (head.hash !== hash) return { sequence, fault: "altered" }
      headSeen = true
    }
    previous = sealed
  }
  return headSeen ? null : { sequence: (previous?.event.sequence ?? 0) + 1, fault: "missing" }
}
