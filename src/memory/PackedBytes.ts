/** Bytes that are written one after the other, and read in the same way: numbers, text, hex. They grow as they have to. */
export class PackedBytes {
  bytes: Uint8Array
  /** Where the next byte is written to or read from. */
  at = 0

  constructor(bytes: Uint8Array = new Uint8Array(1_024)) {
    this.bytes = bytes
  }

  // --- writing ---------------------------------------------------------------------------------------------------------------------------

  #makeRoom(size: number): void {
    if (this.at + size <= this.bytes.length) return
    const larger = new Uint8Array(2 * (this.at + size))
    larger.set(this.bytes)
    this.bytes = larger
  }

  put(byte: number): void {
    if (this.at >= this.bytes.length) this.#makeRoom(1)
    this.bytes[this.at++] = byte
  }

  /** A whole number that is not negative: seven bits in each byte, and one that says whether there are more. */
  putWhole(number: number): void {
    let left = number
    for (; left >= 128; left = Math.floor(left / 128)) this.put(128 | (left % 128))
    this.put(left)
  }

  putFloat(number: number): void {
    float[0] = number
    for (const byte of floatBytes) this.put(byte)
  }

  /** Text, a byte or two for each code unit. */
  putText(text: string, isNarrow: boolean): void {
    const { length } = text
    this.putWhole(length)
    this.#makeRoom(isNarrow ? length : 2 * length)
    const { bytes } = this
    let { at } = this
    for (let n = 0; n < length; n++) {
      const unit = text.charCodeAt(n)
      bytes[at++] = unit
      if (!isNarrow) bytes[at++] = unit >> 8
    }
    this.at = at
  }

  /** The text between `from` and `to`, if it is pairs of lower-case hex. Otherwise the answer is false. */
  putHex(text: string, from: number, to: number): boolean {
    this.#makeRoom(to - from)
    const { bytes } = this
    let { at } = this
    for (let n = from; n < to; n += 2) {
      const byte = ((hexValues[text.charCodeAt(n)] as number) << 4) | (hexValues[text.charCodeAt(n + 1)] as number)
      if (byte < 0) return false
      bytes[at++] = byte
    }
    this.at = at
    return true
  }

  // --- reading ---------------------------------------------------------------------------------------------------------------------------

  next(): number {
    return this.bytes[this.at++] as number
  }

  nextWhole(): number {
    let number = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.next()
      number += (byte & 127) * scale
      if (byte < 128) return number
    }
  }

  nextFloat(): number {
    for (let n = 0; n < floatBytes.length; n++) floatBytes[n] = this.next()
    return float[0] as number
  }

  nextText(isNarrow: boolean): string {
    const length = this.nextWhole()
    let text = ""
    for (let first = 0; first < length; first += mostUnits) {
      const units: Array<number> = []
      for (let n = first; n < Math.min(first + mostUnits, length); n++)
        units.push(isNarrow ? this.next() : this.next() | (this.next() << 8))
      text += String.fromCharCode(...units)
    }
    return text
  }

  /** So many characters of hex. */
  nextHex(length: number): string {
    const units: Array<number> = []
    while (units.length < length) {
      const byte = this.next()
      units.push(hexDigits[byte >> 4] as number, hexDigits[byte & 15] as number)
    }
    return String.fromCharCode(...units)
  }
}

/** As many arguments as every engine takes at once. */
const mostUnits = 4_096

const float = new Float64Array(1)
const floatBytes = new Uint8Array(float.buffer)

const hexDigits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))
/** The value of each code unit that is a digit, and -1 for every other. A list of all code units needs no second look at any. */
const hexValues = Int8Array.from({ length: 2 ** 16 }, (_, unit) => hexDigits.indexOf(unit))
