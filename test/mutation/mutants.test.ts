/** How mutants are judged: nothing that lives on is overlooked, and no reason outlives its mutant. */
import { describe, expect, it } from "vitest"
import { type Mutant, scoreOf, staleOf } from "./mutants.ts"
import { type Survivor, survivors } from "./survivors.ts"

const mutant = (status: string, after = "b", more: Partial<Mutant> = {}): Mutant => ({
  file: "src/order/decide.ts",
  before: "a",
  after,
  status,
  statusReason: "",
  ...more
})
const reasonFor = (kind: Survivor["kind"], after: string): Survivor => ({
  kind,
  file: "src/order/decide.ts",
  mutants: [["a", after]],
  reason: "because"
})

describe("the score of a folder", () => {
  it("leaves out what nobody can tell from the original, and nothing else", () => {
    const all = [
      ...Array.from({ length: 6 }, () => mutant("Killed")),
      mutant("Timeout"),
      mutant("Survived", "equivalent"),
      mutant("Survived", "accepted"),
      mutant("NoCoverage", "unexplained"),
      mutant("Killed", "b", { file: "src/lifecycle/races.ts" })
    ]
    const reasons = [reasonFor("equivalent", "equivalent"), reasonFor("accepted", "accepted")]
    expect(scoreOf("src/order", all, reasons)).toMatchObject({
      mutants: 10,
      killed: 7,
      timedOut: 1,
      equivalent: 1,
      accepted: 1,
      unexplained: [{ after: "unexplained" }],
      score: 7 / 9
    })
  })

  it("counts a mutant as killed when the tests cannot be set up, and not when the run itself broke down", () => {
    const unloadable = mutant("RuntimeError", "b", { statusReason: "test/mutation/everyTest.ts: undefined is not a function" })
    const broken = mutant("RuntimeError", "b", { statusReason: "the worker has gone" })
    expect(scoreOf("src/order", [unloadable, broken], [])).toMatchObject({ killed: 1, unloadable: 1, unexplained: [broken] })
  })

  it("lets a mutant live on that was stopped as too slow, if there is a reason for it", () => {
    const slow = mutant("Timeout", "slow")
    expect(scoreOf("src/order", [slow], [])).toMatchObject({ killed: 1, timedOut: 1, equivalent: 0 })
    const reasons = [reasonFor("equivalent", "slow")]
    expect(scoreOf("src/order", [slow, mutant("Killed")], reasons)).toMatchObject({
      killed: 1,
      timedOut: 0,
      equivalent: 1,
      score: 1
    })
    expect(staleOf([slow], reasons)).toEqual([])
  })

  it("takes a reason for the very change in the very file only", () => {
    const elsewhere = mutant("Survived", "b", { file: "src/order/evolve.ts" })
    const another = mutant("Survived", "c")
    const { unexplained } = scoreOf("src/order", [elsewhere, another], [reasonFor("accepted", "b")])
    expect(unexplained).toEqual([elsewhere, another])
  })
})

describe("a reason", () => {
  it("is stale when its mutant is killed, or is no more", () => {
    const reasons = [reasonFor("accepted", "alive"), reasonFor("accepted", "killed"), reasonFor("accepted", "gone")]
    const stale = staleOf([mutant("Survived", "alive"), mutant("Killed", "killed")], reasons)
    expect(stale.map(({ after }) => after)).toEqual(["killed", "gone"])
  })

  it("is given once for each survivor", () => {
    const all = survivors.flatMap(({ file, mutants }) => mutants.map((mutant) => JSON.stringify([file, ...mutant])))
    expect(all).toEqual([...new Set(all)])
  })
})
