/**
 * The sealed events of a tenant, packed: each knows where the one before it is. An event stays where it was written; what an erasure takes
 * away is overwritten in its place.
 *
 * An event is: how far back the one before it is; which of the texts that follow are hashes; hash, salt and seal; the hash before, if it is
 * not that of the event before; and what happened.
 */
import type { SealedEvent } from "../order/auditChain.ts"
import { type AuditEvent, isErasable } from "../order/AuditEvent.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import { PackedBytes } from "./PackedBytes.ts"
import { Packer } from "./Packer.ts"

/** Memory is taken in pieces: a small one first, for stores that stay small, then twice as much, until they are as large as usual. */
const firstPieceSize = 4_096
const usualPieceSize = 2 ** 20

/** Where an event is: so many usual pieces, and the place in the last. (A piece is larger than usual only for an event that is.) */
export type Address = number

interface Piece {
  readonly bytes: Uint8Array
  used: number
}

const hashLength = 64

/** As many bytes as a distance takes at most. */
const longestDistance = 8

const isHash = { hash: 1, salt: 2, seal: 4 } as const
/** The hash before is that of the event before. */
const isLinked = 8

export class PackedEvents {
  readonly #tenantId: TenantId
  readonly #packer = new Packer()
  readonly #pieces: Array<Piece> = []
  readonly #draft = new PackedBytes(new Uint8Array(1_024))
  readonly #cursor = new PackedBytes(new Uint8Array(0))

  constructor(tenantId: TenantId) {
    this.#tenantId = tenantId
  }

  /** Write an event behind the one at `previous`, whose hash is `headHash`; both are null for the first. */
  append(sealed: SealedEvent, previous: Address | null, headHash: string | null): Address {
    const draft = this.#drafted(sealed, headHash)
    const piece = this.#pieceFor(longestDistance + draft.at)
    const address = (this.#pieces.length - 1) * usualPieceSize + piece.used
    const cursor = this.#goTo(address)
    cursor.putWhole(previous === null ? 0 : address - previous)
    piece.bytes.set(draft.bytes.subarray(0, draft.at), cursor.at)
    piece.used = cursor.at + draft.at
    return address
  }

  /** The order's event at an address, and the address of the one before. */
  read(address: Address, orderId: OrderId): { readonly sealed: SealedEvent; readonly previous: Address | null } {
    const { previous, sealed, linked } = this.#readAlone(address, orderId)
    if (!linked || previous === null) return { sealed, previous }
    return { sealed: { ...sealed, previousHash: this.hashAt(previous) }, previous }
  }

  /** The hash of the event at an address. */
  hashAt(address: Address): string {
    this.previousOf(address)
    const cursor = this.#cursor
    return (cursor.next() & isHash.hash) > 0 ? cursor.nextHex(hashLength) : (this.#packer.read(cursor, []) as string)
  }

  /** The address of the event before the one at an address. The cursor stands behind it then. */
  previousOf(address: Address): Address | null {
    const distance = this.#goTo(address).nextWhole()
    return distance === 0 ? null : address - distance
  }

  /** Take away what an event says in confidence, and its salt. */
  erase(address: Address, orderId: OrderId): void {
    const { sealed, start, end, linked } = this.#readAlone(address, orderId)
    if (sealed.salt === null) return
    // What an event says in confidence may be left out in every type of event but the first, which callers do not erase.
    const erased: SealedEvent = { ...sealed, salt: null, event: { ...sealed.event, confidential: {} } as AuditEvent }
    const draft = this.#drafted(erased, linked ? sealed.previousHash : notLinked)
    // Without the salt it is shorter.
    if (start + draft.at > end) throw new Error("an erased event is longer than it was")
    const { bytes } = this.#cursor
    bytes.set(draft.bytes.subarray(0, draft.at), start)
    bytes.fill(0, start + draft.at, end)
  }

  /** An event as it stands there by itself, without the hash of the one before, and where all but the distance begins and ends. */
  #readAlone(address: Address, orderId: OrderId) {
    const previous = this.previousOf(address)
    const cursor = this.#cursor
    const given = [this.#tenantId, orderId]
    const start = cursor.at
    const flags = cursor.next()
    const text = (flag: number): unknown => ((flags & flag) > 0 ? cursor.nextHex(hashLength) : this.#packer.read(cursor, given))
    const [hash, salt, confidentialSeal] = [text(isHash.hash), text(isHash.salt), text(isHash.seal)]
    const linked = (flags & isLinked) > 0
    const previousHash = linked ? null : this.#packer.read(cursor, given)
    const event = this.#packer.read(cursor, given)
    const sealed = { event, salt, confidentialSeal, previousHash, hash } as SealedEvent
    return { previous, sealed, linked, start, end: cursor.at }
  }

  /** All of an event but the distance, written down. */
  #drafted({ event, salt, confidentialSeal, previousHash, hash }: SealedEvent, headHash: string | null): PackedBytes {
    const draft = this.#draft
    const given = [this.#tenantId, event.orderId]
    const linked = previousHash === headHash
    draft.at = 0
    draft.put(0)
    let flags = linked ? isLinked : 0
    const write = (text: string | null, flag: number): void => {
      if (text?.length === hashLength && draft.putHex(text, 0, hashLength)) flags |= flag
      else this.#packer.write(draft, text, given)
    }
    write(hash, isHash.hash)
    write(salt, isHash.salt)
    write(confidentialSeal, isHash.seal)
    if (!linked) this.#packer.write(draft, previousHash, given)
    // What cannot be erased may be shared.
    this.#packer.write(draft, event, given, isErasable(event) ? event.confidential : null)
    draft.bytes[0] = flags
    return draft
  }

  /** A piece that has so much room left. */
  #pieceFor(size: number): Piece {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.used + size <= last.bytes.length) return last
    const usual = Math.min(firstPieceSize * 2 ** this.#pieces.length, usualPieceSize)
    const piece = { bytes: new Uint8Array(Math.max(usual, size)), used: 0 }
    this.#pieces.push(piece)
    return piece
  }

  #goTo(address: Address): PackedBytes {
    const piece = this.#pieces[Math.floor(address / usualPieceSize)]
    if (piece === undefined) throw new Error(`there is no event at ${address}`)
    this.#cursor.bytes = piece.bytes
    this.#cursor.at = address % usualPieceSize
    return this.#cursor
  }
}

/** No hash is that of the event before. */
const notLinked = ""
