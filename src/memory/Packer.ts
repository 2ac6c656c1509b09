/**
 * JSON values as bytes, and back, exactly: the same members in the same order, the same text to the last code unit.
 *
 * As objects of JavaScript a sealed event takes up a kilobyte, most of which is pointers, names that every event has, and hashes written in
 * hex. Packed, it takes 150 bytes, and the collector of garbage does not have to look at any of them. Nothing in here knows what an event
 * is: values show by themselves what they can be written as, and text that looks like nothing in particular is written as it is.
 */
import type { PackedBytes } from "./PackedBytes.ts"

/** What kind of value comes next. Whole numbers below 128 are kinds of their own. */
const kinds = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  whole: 4,
  number: 5,
  given: 6,
  shared: 7,
  narrowText: 8,
  wideText: 9,
  hash: 10,
  id: 11,
  time: 12,
  array: 13,
  object: 14,
  members: 15,
  again: 16,
  sameText: 17,
  small: 128
} as const

/** A hash or a salt is so many digits of hex, and an id ends in a UUID. Whatever has their form is written as they are, whoever wrote it. */
const hashLength = 64
const uuidLength = 36
/** Where each group of a UUID's digits begins and ends. There is a hyphen between two. */
const uuidGroups = [
  [0, 8],
  [9, 13],
  [14, 18],
  [19, 23],
  [24, 36]
] as const
const hyphen = 0x2d
const longestId = 50
const timeLength = 24
const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Text without a code unit above 255 takes a byte for each. */
// oxlint-disable-next-line no-control-regex -- all of them, control characters too
const isNarrow = /^[\u0000-\u00ff]*$/

/** Texts and shapes that come again and again are numbered, but only so many: callers make up texts and names, too. */
const mostShared = 4_096
const longestShared = 64

/** The names of an object's members, one after the other: each step leads on to those that were seen next. */
interface Names {
  readonly next: Map<string, Names>
  shape: Shape | null
}

/** A sequence of names, and its number. */
interface Shape {
  readonly shape: number
  readonly names: ReadonlyArray<string>
}

export class Packer {
  readonly #texts: Array<string> = []
  readonly #numbers = new Map<string, number>()
  /** Texts that were seen once: whoever comes again gets a number. */
  readonly #seenOnce = new Set<string>()
  readonly #shapes: Array<ReadonlyArray<string>> = []
  readonly #names: Names = { next: new Map(), shape: null }
  #steps = 0
  /** Texts that are known from elsewhere when a value is written and when it is read, and the objects that have come by so far. */
  #given: ReadonlyArray<string> = []
  #erasable: object | null = null
  #isErasable = false
  readonly #objects: Array<object> = []
  /** The ids and times that have come by so far: a customer's id stands in an event twice, and a rental starts when it is begun. */
  readonly #forms: Array<string> = []

  /**
   * Write a value where `bytes` ends. Whoever reads it has to have the same texts `given`. What is in the object `erasable` is written out
   * where it stands and not remembered, so that it is gone when the bytes are.
   */
  write(bytes: PackedBytes, value: unknown, given: ReadonlyArray<string>, erasable: object | null = null): void {
    this.#erasable = erasable
    this.#given = given
    this.#objects.length = 0
    this.#forms.length = 0
    this.#write(bytes, value)
  }

  /** Read the value that begins where `bytes` stands. */
  read(bytes: PackedBytes, given: ReadonlyArray<string>): unknown {
    this.#given = given
    this.#objects.length = 0
    this.#forms.length = 0
    return this.#read(bytes)
  }

  // --- writing ---------------------------------------------------------------------------------------------------------------------------

  #write(bytes: PackedBytes, value: unknown): void {
    if (typeof value === "string") this.#writeText(bytes, value)
    else if (typeof value === "number") this.#writeNumber(bytes, value)
    else if (typeof value === "object" && value !== null) this.#writeObject(bytes, value)
    else
      bytes.put(value === null ? kinds.null : value === undefined ? kinds.undefined : value === true ? kinds.true : kinds.false)
  }

  #writeNumber(bytes: PackedBytes, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      bytes.put(kinds.number)
      bytes.putFloat(value)
    } else if (value < kinds.small) {
      bytes.put(kinds.small + value)
    } else {
      bytes.put(kinds.whole)
      bytes.putWhole(value)
    }
  }

  #writeObject(bytes: PackedBytes, value: object): void {
    // Billing and shipping address are one object more often than not.
    const earlier = this.#objects.indexOf(value)
    if (earlier >= 0) {
      bytes.put(kinds.again)
      bytes.putWhole(earlier)
      return
    }
    this.#objects.push(value)
    if (Array.isArray(value)) {
      bytes.put(kinds.array)
      bytes.putWhole(value.length)
      for (const element of value) this.#write(bytes, element)
      return
    }
    if (value === this.#erasable) {
      this.#isErasable = true
      this.#writeMembers(bytes, value)
      this.#isErasable = false
    } else {
      this.#writeMembers(bytes, value)
    }
  }

  #writeMembers(bytes: PackedBytes, value: object): void {
    const { shape, names } = this.#shapeOf(Object.keys(value))
    bytes.put(shape < 0 ? kinds.members : kinds.object)
    bytes.putWhole(shape < 0 ? names.length : shape)
    for (const name of names) {
      if (shape < 0) this.#writeText(bytes, name)
      this.#write(bytes, value[name as keyof typeof value])
    }
  }

  /** The names of an object's members, and the number of that sequence of names, or -1 when there are too many of them already. */
  #shapeOf(names: ReadonlyArray<string>): Shape {
    let seen = this.#names
    for (const name of names) {
      let next = seen.next.get(name)
      if (next === undefined) {
        if (this.#steps >= mostShared) return { shape: -1, names }
        this.#steps++
        next = { next: new Map(), shape: null }
        seen.next.set(name, next)
      }
      seen = next
    }
    seen.shape ??= { shape: this.#shapes.push(names) - 1, names }
    return seen.shape
  }

  #writeText(bytes: PackedBytes, text: string): void {
    const { length } = text
    if (length === hashLength && this.#writesHash(bytes, text)) return
    if (length === timeLength && isTime.test(text)) return this.#writeTime(bytes, text)
    if (length > uuidLength && length < longestId) {
      const given = this.#given.indexOf(text)
      if (given >= 0) {
        bytes.put(kinds.given)
        bytes.put(given)
        return
      }
      if (this.#isSameText(bytes, text) || this.#writesId(bytes, text, length - uuidLength)) return
    }
    this.#writeShared(bytes, text)
  }

  #writeTime(bytes: PackedBytes, text: string): void {
    if (this.#isSameText(bytes, text)) return
    this.#forms.push(text)
    bytes.put(kinds.time)
    bytes.putWhole(digitsOf(text, 0, 10))
    bytes.putWhole(digitsOf(text, 11, 23))
  }

  /** Whether an id or a time was the same as one before, and could be written as that. */
  #isSameText(bytes: PackedBytes, text: string): boolean {
    const earlier = this.#forms.indexOf(text)
    if (earlier < 0) return false
    bytes.put(kinds.sameText)
    bytes.putWhole(earlier)
    return true
  }

  /** Whether a text could be written as a hash. */
  #writesHash(bytes: PackedBytes, text: string): boolean {
    const before = bytes.at
    bytes.put(kinds.hash)
    const isHash = bytes.putHex(text, 0, hashLength)
    if (!isHash) bytes.at = before
    return isHash
  }

  /** Whether a text could be written as a UUID and what stands before it. */
  #writesId(bytes: PackedBytes, text: string, start: number): boolean {
    const before = bytes.at
    bytes.put(kinds.id)
    for (const [from, to] of uuidGroups) {
      const isSeparate = from === 0 || text.charCodeAt(start + from - 1) === hyphen
      if (isSeparate && bytes.putHex(text, start + from, start + to)) continue
      bytes.at = before
      return false
    }
    this.#writeShared(bytes, text.slice(0, start))
    this.#forms.push(text)
    return true
  }

  #writeShared(bytes: PackedBytes, text: string): void {
    const number = text.length <= longestShared && !this.#isErasable ? this.#numberOf(text) : -1
    if (number >= 0) {
      bytes.put(kinds.shared)
      bytes.putWhole(number)
    } else {
      const narrow = isNarrow.test(text)
      bytes.put(narrow ? kinds.narrowText : kinds.wideText)
      bytes.putText(text, narrow)
    }
  }

  /** The number of a text that comes again and again; -1 for any other. */
  #numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.#texts.length >= mostShared) return -1
    if (!this.#seenOnce.delete(text)) {
      // Whoever has not come again by now will not come often.
      if (this.#seenOnce.size >= mostShared) this.#seenOnce.clear()
      this.#seenOnce.add(text)
      return -1
    }
    const number = this.#texts.push(text) - 1
    this.#numbers.set(text, number)
    return number
  }

  // --- reading ---------------------------------------------------------------------------------------------------------------------------

  #read(bytes: PackedBytes): unknown {
    const kind = bytes.next()
    if (kind >= kinds.small) return kind - kinds.small
    switch (kind) {
      case kinds.null:
        return null
      case kinds.undefined:
        return undefined
      case kinds.false:
        return false
      case kinds.true:
        return true
      case kinds.whole:
        return bytes.nextWhole()
      case kinds.number:
        return bytes.nextFloat()
      case kinds.given:
        return this.#given[bytes.next()]
      case kinds.shared:
        return this.#texts[bytes.nextWhole()]
      case kinds.narrowText:
        return bytes.nextText(true)
      case kinds.wideText:
        return bytes.nextText(false)
      case kinds.hash:
        return bytes.nextHex(hashLength)
      case kinds.id:
        return this.#keep(this.#readId(bytes))
      case kinds.time:
        return this.#keep(readTime(bytes.nextWhole(), bytes.nextWhole()))
      case kinds.sameText:
        return this.#forms[bytes.nextWhole()]
      case kinds.array:
        return this.#readArray(bytes)
      case kinds.object:
        return this.#readObject(bytes, this.#shapes[bytes.nextWhole()])
      case kinds.members:
        return this.#readObject(bytes)
      case kinds.again:
        return this.#objects[bytes.nextWhole()]
      default:
        throw new Error(`packed bytes are damaged: there is no kind ${kind}`)
    }
  }

  #keep(text: string): string {
    this.#forms.push(text)
    return text
  }

  #readId(bytes: PackedBytes): string {
    const uuid = uuidGroups.map(([from, to]) => bytes.nextHex(to - from)).join("-")
    return `${this.#read(bytes) as string}${uuid}`
  }

  #readArray(bytes: PackedBytes): ReadonlyArray<unknown> {
    const array: Array<unknown> = []
    this.#objects.push(array)
    for (let left = bytes.nextWhole(); left > 0; left--) array.push(this.#read(bytes))
    return array
  }

  #readObject(bytes: PackedBytes, shape?: ReadonlyArray<string>): object {
    const object: Record<string, unknown> = {}
    this.#objects.push(object)
    const size = shape?.length ?? bytes.nextWhole()
    for (let n = 0; n < size; n++) {
      const name = shape?.[n] ?? (this.#read(bytes) as string)
      const value = this.#read(bytes)
      // To assign to this name would change what the object inherits from.
      if (name === "__proto__")
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      else object[name] = value
    }
    return object
  }
}

/** The digits of a piece of text, as one number. */
const digitsOf = (text: string, from: number, to: number): number => {
  let number = 0
  for (let n = from; n < to; n++) {
    const digit = text.charCodeAt(n) - 48
    if (digit >= 0 && digit <= 9) number = number * 10 + digit
  }
  return number
}

const readTime = (day: number, time: number): string => {
  const [date, moment] = [String(day).padStart(8, "0"), String(time).padStart(9, "0")]
  return (
    `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T` +
    `${moment.slice(0, 2)}:${moment.slice(2, 4)}:${moment.slice(4, 6)}.${moment.slice(6)}Z`
  )
}
