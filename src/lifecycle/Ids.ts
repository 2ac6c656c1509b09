/**
 * New ids and salts. Ids are a prefix and a UUIDv7 (RFC 9562): the time they were made at in front, so that they come in order, and 74 bits
 * of chance. Whoever replaces `WebCrypto` replaces the chance.
 *
 * Random bytes are fetched by the thousand: to ask the operating system for a few takes ten times as long as to make an id of them.
 */
import * as Effect from "effect/Effect"
import * as WebCrypto from "effect/crypto/WebCrypto"

export interface Ids {
  /** A fresh id, made at `millis` since 1970. */
  readonly newId: (prefix: string, millis: number) => string
  /** 32 fresh random bytes, in hex. */
  readonly newSalt: () => string
}

const bytesAtOnce = 4_096
const saltSize = 32
const uuidSize = 16

export const makeIds: Effect.Effect<Ids> = Effect.map(WebCrypto.WebCrypto, (webCrypto) => {
  const bytes = new Uint8Array(bytesAtOnce)
  let used = bytesAtOnce
  /** So many random bytes that nobody has seen: where they begin in `bytes`. */
  const take = (size: number): number => {
    if (used + size > bytesAtOnce) {
      webCrypto.getRandomValues(bytes)
      used = 0
    }
    used += size
    return used - size
  }

  const saltDigits: Array<number> = []

  return {
    newSalt: () => {
      const first = take(saltSize)
      for (let n = 0; n < saltSize; n++) writeHex(saltDigits, 2 * n, bytes[first + n] as number)
      return String.fromCharCode(...saltDigits)
    },

    newId: (prefix, millis) => {
      const first = take(uuidSize)
      let time = Math.max(0, Math.trunc(millis))
      for (let n = 5; n >= 0; n--) {
        bytes[first + n] = time % 256
        time = Math.floor(time / 256)
      }
      bytes[first + 6] = 0x70 | ((bytes[first + 6] as number) & 0x0f)
      bytes[first + 8] = 0x80 | ((bytes[first + 8] as number) & 0x3f)
      const characters = charactersOf(prefix)
      placeInUuid.forEach((place, n) => writeHex(characters, prefix.length + 1 + place, bytes[first + n] as number))
      // A text made of its characters is in one piece, which saves whoever reads it the putting together.
      return String.fromCharCode(...characters)
    }
  }
})

const hexDigits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))

/** Prefixes are few: for each, its characters, and room for a UUID to be written into. */
const byPrefix = new Map<string, Array<number>>()

const charactersOf = (prefix: string): Array<number> => {
  const known = byPrefix.get(prefix)
  if (known !== undefined) return known
  const characters = Array.from(`${prefix}_________-____-____-____-____________`, (character) => character.charCodeAt(0))
  byPrefix.set(prefix, characters)
  return characters
}

/** Where the two digits of each byte stand among the dashes. */
const placeInUuid = Array.from({ length: uuidSize }, (_, n) => 2 * n + [4, 6, 8, 10].filter((group) => n >= group).length)

const writeHex = (text: Array<number>, place: number, byte: number): void => {
  text[place] = hexDigits[byte >> 4] as number
  text[place + 1] = hexDigits[byte & 15] as number
}
