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
 */
const hmacSha256 = (key: string, text: string): string => {
  const inner = Buffer.allocUnsafe(blockSize + Buffer.byteLength(text))
  inner.write(text, blockSize)
  const outer = Buffer.allocUnsafe(blockSize + hashSize)
  const given = Buffer.from(key)
  const keyBytes = given.length <= blockSize ? given : hash("sha256", given, "buffer")
  for (let i = 0; i < blockSize; i++) {
    const byte = keyBytes[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  outer.write(hash("sha256", inner, "binary"), blockSize, "binary")
  return hash("sha256", outer)
}

export const nodeDigest: Digest = { sha256: (text) => hash("sha256", text), hmacSha256 }

/** Have the services seal events with it. To be provided to `OrderLifecycle.layer`. */
export const layerDigest: Layer.Layer<never> = Layer.succeed(CurrentDigest, nodeDigest)
