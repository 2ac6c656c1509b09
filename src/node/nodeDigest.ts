/** SHA-256 as Node.js has it built in: the same bytes as the portable one, in a fraction of the time. */
import { hash } from "node:crypto"
import * as Layer from "effect/Layer"
import { CurrentDigest } from "../lifecycle/CurrentDigest.ts"
import type { Digest } from "../order/digest.ts"

/** What SHA-256 takes in at a time, and what it gives, in bytes. */
const blockSize = 64
const hashSize = 32

/**
 * HMAC by its definition (RFC 2104): two hashes, each begun with the key in a block of its own. Node's `Hmac` is an object that takes
 * longer to make, and to clear away, than the two hashes take.
 *
 * Both hashes are put together in memory that stays: to have new memory for each takes as long as the hash itself.
 */
const hmacSha256 = (key: string, text: string): string => {
  // No character of a string is more than three bytes.
  const inner = text.length * 3 <= usualInner.length - blockSize ? usualInner : Buffer.allocUnsafe(blockSize + 3 * text.length)
  const keySize = writeKey(key, inner)
  for (let i = 0; i < keySize; i++) {
    const byte = inner[i] as number
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  inner.fill(0x36, keySize, blockSize)
  outer.fill(0x5c, keySize, blockSize)
  const innerSize = blockSize + inner.write(text, blockSize)
  outer.write(hash("sha256", inner.subarray(0, innerSize), "binary"), blockSize, "binary")
  return hash("sha256", outer)
}

const usualInner = Buffer.alloc(blockSize + 8_192)
const outer = Buffer.alloc(blockSize + hashSize)

/** A key that is longer than a block is hashed first. How many bytes it has in the end. */
const writeKey = (key: string, block: Buffer): number =>
  Buffer.byteLength(key) <= blockSize ? block.write(key) : block.write(hash("sha256", key, "binary"), "binary")

export const nodeDigest: Digest = { sha256: (text) => hash("sha256", text), hmacSha256 }

/** Have the services seal events with it. To be provided to `OrderLifecycle.layer`. */
export const layerDigest: Layer.Layer<never> = Layer.succeed(CurrentDigest, nodeDigest)
