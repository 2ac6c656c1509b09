/**
 * SHA-256, as the audit chain uses it: from text to hex.
 *
 * The one that stands here runs everywhere, browsers included, and is the default. A platform may have one of its own that is many times
 * faster (`order-lifecycle/node`); both give the same bytes, so nobody can tell afterwards which was used.
 */
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"

/** SHA-256 and its HMAC, from text to hex. Synchronous. */
export interface Digest {
  /** SHA-256 of the text in UTF-8, in hex. */
  readonly sha256: (text: string) => string
  /** HMAC-SHA-256 of the text under the key, both in UTF-8, in hex. */
  readonly hmacSha256: (key: string, text: string) => string
}

/** In JavaScript: the same in Node.js and in a browser, and the default. */
export const portableDigest: Digest = {
  sha256: (text) => bytesToHex(sha256(utf8ToBytes(text))),
  hmacSha256: (key, text) => bytesToHex(hmac(sha256, utf8ToBytes(key), utf8ToBytes(text)))
}
