/** What waits for a time. */
interface Waiting<Key> {
  readonly atMs: number
  readonly key: Key
}

/** A binary heap: the earliest first. */
export class Heap<Key> {
  readonly #entries: Array<Waiting<Key>> = []

  get first(): Waiting<Key> | undefined {
    return this.#entries[0]
  }

  push(entry: Waiting<Key>): void {
    const entries = this.#entries
    let place = entries.length
    entries.push(entry)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = entries[above]
      if (parent === undefined || parent.atMs <= entry.atMs) break
      entries[place] = parent
      place = above
    }
    entries[place] = entry
  }

  pop(): void {
    const entries = this.#entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const right = left + 1
      const smaller = (entries[right]?.atMs ?? Infinity) < (entries[left]?.atMs ?? Infinity) ? right : left
      const child = entries[smaller]
      if (child === undefined || child.atMs >= last.atMs) break
      entries[place] = child
      place = smaller
    }
    entries[place] = last
  }
}
