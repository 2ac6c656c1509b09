/** The list of invariants is whole, and says of each where it is looked at. */
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { invariants } from "../../src/verify/invariants.ts"

const root = new URL("../../", import.meta.url)

/** Every id there is to be: stock, state, audit, concurrency, outbox, due commands, tenants, backstops, resources. */
const families = { S: 8, T: 6, A: 8, C: 8, O: 5, D: 1, F: 1, I: 2, B: 1, R: 1 }

describe("the list of invariants", () => {
  it("has every one, once, with a sentence", () => {
    const ids = Object.entries(families).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, n) => `${letter}${n + 1}`)
    )
    expect(invariants.map(({ id }) => id as string).toSorted()).toEqual(ids.toSorted())
    for (const { says } of invariants) expect(says).toMatch(/^[A-Z].+\.$/)
    expect(new Set(invariants.map(({ says }) => says)).size).toBe(invariants.length)
  })

  it("says what to do about each that stored data can break, and which tests show the others", () => {
    for (const { id, by, repair, shownBy } of invariants) {
      expect(repair !== undefined, id).toBe(by !== "runs")
      expect(shownBy !== undefined, id).toBe(by === "runs")
      for (const path of shownBy ?? []) {
        expect(existsSync(new URL(path, root)), `${id}: ${path}`).toBe(true)
        expect(readFileSync(new URL(path, root), "utf8").length).toBeGreaterThan(0)
      }
    }
  })
})
