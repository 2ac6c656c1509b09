/**
 * The sealed events of a tenant, packed: each knows where the one before it is. An event stays where it was written; what an erasure takes
 * away is overwritten in its place.
 */
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
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

export class PackedEvents {
  readonly #tenantId: TenantId
  readonly #packer = new Packer()
  readonly #pieces: Array<Piece> = []
  readonly #draft = new PackedBytes(new Uint8Array(1_024))
  readonly #reader = new PackedBytes(new Uint8Array(0))

  constructor(tenantId: TenantId) {
    this.#tenantId = tenantId
  }

  /** Write an event behind the one at `previous`, whose hash is `headHash`; both are null for the first. */
  append(sealed: SealedEvent, previous: Address | null, headHash: string | null): Address {
    const { bytes, at: size } = this.#drafted(sealed, previous, headHash)
    const piece = this.#pieceFor(size)
    const place = piece.used
    piece.bytes.set(bytes.subarray(0, size), place)
    piece.used += size
    return (this.#pieces.length - 1) * usualPieceSize + place
  }

  /** The order's event at an address, and the address of the one before. */
  read(address: Address, orderId: OrderId): { readonly sealed: SealedEvent; readonly previous: Address | null } {
    const reader = this.#readerAt(address)
    const given = [this.#tenantId, orderId]
    const next = (): unknown => this.#packer.read(reader, given)
    const before = reader.nextWhole()
    const previous = before === 0 ? null : before - 1
    const [hash, isLinked, link, salt, confidentialSeal, event] = [next(), next(), next(), next(), next(), next()]
    const previousHash = isLinked === true && previous !== null ? this.hashAt(previous) : link
    return { sealed: { event, salt, confidentialSeal, previousHash, hash } as SealedEvent, previous }
  }

  /** The hash of the event at an address. */
  hashAt(address: Address): string {
    const reader = this.#readerAt(address)
    reader.nextWhole()
    return this.#packer.read(reader, []) as string
  }

  /** The address of the event before the one at an address. */
  previousOf(address: Address): Address | null {
    const before = this.#readerAt(address).nextWhole()
    return before === 0 ? null : before - 1
  }

  /** Take away what an event says in confidence, and its salt. */
  erase(address: Address, orderId: OrderId): void {
    const { sealed, previous } = this.read(address, orderId)
    if (sealed.salt === null) return
    const headHash = previous === null ? null : this.hashAt(previous)
    const end = this.#endOf(address, orderId)
    // What an event says in confidence may be left out in every type of event but the first, which callers do not erase.
    const erased: SealedEvent = { ...sealed, salt: null, event: { ...sealed.event, confidential: {} } as AuditEvent }
    const { bytes, at: size } = this.#drafted(erased, previous, headHash)
    const place = address % usualPieceSize
    // Without the salt it is shorter.
    if (place + size > end) throw new Error("an erased event is longer than it was")
    const piece = this.#pieceOf(address)
    piece.bytes.set(bytes.subarray(0, size), place)
    piece.bytes.fill(0, place + size, end)
  }

  #drafted(sealed: SealedEvent, previous: Address | null, headHash: string | null): PackedBytes {
    const { event, salt, confidentialSeal, previousHash, hash } = sealed
    const draft = this.#draft
    const given = [this.#tenantId, event.orderId]
    const isLinked = previousHash === headHash
    draft.at = 0
    draft.putWhole(previous === null ? 0 : previous + 1)
    this.#packer.write(draft, hash, given)
    this.#packer.write(draft, isLinked, given)
    this.#packer.write(draft, isLinked ? null : previousHash, given)
    this.#packer.write(draft, salt, given)
    this.#packer.write(draft, confidentialSeal, given)
    // What placed an order cannot be erased; what else is said in confidence can.
    this.#packer.write(draft, event, given, event.type === "order.placed" ? null : event.confidential)
    return draft
  }

  #endOf(address: Address, orderId: OrderId): number {
    const reader = this.#readerAt(address)
    reader.nextWhole()
    for (let values = 6; values > 0; values--) this.#packer.read(reader, [this.#tenantId, orderId])
    return reader.at
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

  #pieceOf(address: Address): Piece {
    const piece = this.#pieces[Math.floor(address / usualPieceSize)]
    if (piece === undefined) throw new Error(`there is no event at ${address}`)
    return piece
  }

  #readerAt(address: Address): PackedBytes {
    this.#reader.bytes = this.#pieceOf(address).bytes
    this.#reader.at = address % usualPieceSize
    return this.#reader
  }
}
