/** Ids in pages, whatever the order they came in: what sorting all of them gives. */
import { expect, it } from "vitest"
import { SortedIds } from "../../src/memory/SortedIds.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const id = fc.string({ maxLength: 3 })
const step = fc.record({ add: fc.array(id, { maxLength: 4 }), remove: fc.option(fc.nat({ max: 50 })) })

it("a page is the ids behind a place, in order, as a sorted list of all has them", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.option(id), fc.nat({ max: 5 }), (steps, after, limit) => {
      const ids = new SortedIds<string>()
      const kept = new Set<string>()
      for (const { add, remove } of steps) {
        for (const each of add) {
          if (!kept.has(each)) ids.add(each)
          kept.add(each)
        }
        const gone = remove === null ? undefined : [...kept][remove]
        if (gone !== undefined) ids.delete(gone)
        if (gone !== undefined) kept.delete(gone)
        const expected = [...kept].toSorted().filter((each) => after === null || each > after)
        expect(ids.page(after, limit)).toEqual(expected.slice(0, limit))
      }
    }),
    { numRuns: numRuns(300) }
  )
})
