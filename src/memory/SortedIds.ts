/** Ids in their order, for walking through all of them page by page. They are put in order when somebody asks. */
export class SortedIds<Id extends string> {
  #ids: Array<Id> = []
  #isSorted = true

  add(id: Id): void {
    const last = this.#ids.at(-1)
    // Ids begin with the time they were made at, so most come in order.
    if (last !== undefined && id < last) this.#isSorted = false
    this.#ids.push(id)
  }

  delete(id: Id): void {
    const index = this.#ids.lastIndexOf(id)
    if (index >= 0) this.#ids.splice(index, 1)
  }

  /** At most `limit` ids after `after`. */
  page(after: Id | null, limit: number): ReadonlyArray<Id> {
    if (!this.#isSorted) this.#ids.sort()
    this.#isSorted = true
    const first = after === null ? 0 : this.#firstAfter(after)
    return this.#ids.slice(first, first + limit)
  }

  #firstAfter(id: Id): number {
    let [low, high] = [0, this.#ids.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = this.#ids[middle]
      if (candidate !== undefined && candidate <= id) low = middle + 1
      else high = middle
    }
    return low
  }
}
