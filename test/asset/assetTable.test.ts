/** The lifecycle of an asset against the specification, written by hand, and the machines that no table can be read off. */
import { createMachine } from "xstate"
import { describe, expect, it } from "vitest"
import { type AssetEvent, assetMachine, markOf } from "../../src/asset/assetMachine.ts"
import { answerOfAsset, assetTable, assetWords, isOut, isRentable, stepOf, tabulateAssets } from "../../src/asset/assetTable.ts"
import { AssetStatus } from "../../src/asset/RegisteredAsset.ts"

const invalid = "INVALID_STATUS"
const inUse = "ASSET_IN_USE"

/** What each status answers: to commands on orders; by hand, while no subscription is active on the asset; and while one is. */
const specification: Readonly<Record<AssetStatus, readonly [byOrder: object, byHand: object, inUse: object]>> = {
  available: [
    { rent: "rented_out", return: invalid, sell: invalid, withdraw: invalid, makeAvailable: invalid },
    { available: "available", rented_out: invalid, returned: invalid, sold: invalid, unavailable: "unavailable" },
    { available: "available", rented_out: invalid, returned: invalid, sold: invalid, unavailable: inUse }
  ],
  rented_out: [
    { rent: "ASSET_NOT_AVAILABLE", return: "returned", sell: "sold", withdraw: "unavailable", makeAvailable: "available" },
    { available: "available", rented_out: invalid, returned: "returned", sold: invalid, unavailable: "unavailable" },
    { available: inUse, rented_out: invalid, returned: inUse, sold: invalid, unavailable: inUse }
  ],
  returned: [
    { rent: "ASSET_NOT_AVAILABLE", return: invalid, sell: invalid, withdraw: invalid, makeAvailable: invalid },
    { available: "available", rented_out: invalid, returned: "returned", sold: invalid, unavailable: "unavailable" },
    { available: inUse, rented_out: invalid, returned: "returned", sold: invalid, unavailable: inUse }
  ],
  sold: [
    { rent: "ASSET_NOT_AVAILABLE", return: invalid, sell: invalid, withdraw: invalid, makeAvailable: invalid },
    { available: invalid, rented_out: invalid, returned: invalid, sold: invalid, unavailable: invalid },
    { available: invalid, rented_out: invalid, returned: invalid, sold: invalid, unavailable: invalid }
  ],
  unavailable: [
    { rent: "ASSET_NOT_AVAILABLE", return: invalid, sell: invalid, withdraw: invalid, makeAvailable: invalid },
    { available: "available", rented_out: invalid, returned: invalid, sold: invalid, unavailable: "unavailable" },
    { available: inUse, rented_out: invalid, returned: invalid, sold: invalid, unavailable: "unavailable" }
  ]
}

const given = (status: AssetStatus, event: AssetEvent): string => {
  const { refusal, to } = answerOfAsset(status, event)
  return refusal ?? to
}

describe("an asset", () => {
  it.each(AssetStatus.literals)("that is %s answers everything as the specification says", (status) => {
    const [byOrder, byHand, whileInUse] = specification[status]
    const answers = (event: (word: never) => AssetEvent, words: object) =>
      Object.fromEntries(Object.keys(words).map((word) => [word, given(status, event(word as never))]))
    expect(answers((type: "rent") => ({ type }), byOrder)).toEqual(byOrder)
    expect(answers((to: AssetStatus) => ({ type: markOf[to], isInUse: false }), byHand)).toEqual(byHand)
    expect(answers((to: AssetStatus) => ({ type: markOf[to], isInUse: true }), whileInUse)).toEqual(whileInUse)
    expect(assetWords.length).toBe(Object.keys(byOrder).length + Object.keys(byHand).length)
  })

  it("is out while it is rented out, and can be rented while it is available", () => {
    expect(AssetStatus.literals.filter(isOut)).toEqual(["rented_out"])
    expect(AssetStatus.literals.filter(isRentable)).toEqual(["available"])
  })

  it("is moved by a command from one status only", () => {
    expect(stepOf("rent")).toEqual({ from: "available", to: "rented_out" })
    for (const word of ["return", "sell", "withdraw", "makeAvailable"] as const) expect(stepOf(word).from).toBe("rented_out")
  })

  it("is described in every status in a sentence", () => {
    for (const status of AssetStatus.literals) expect(assetMachine.states[status]?.description).toMatch(/^[A-Z].+\.$/)
  })

  it("names the fact that an answer stands on", () => {
    expect(assetTable.rented_out.markReturned.map(({ unless, refusal, to }) => [unless, refusal, to])).toEqual([
      ["isNotInUse", inUse, "rented_out"],
      [undefined, undefined, "returned"]
    ])
  })
})

describe("a machine", () => {
  /** With one status, which answers all words but one. */
  const answering = (word: string, answers: ReadonlyArray<object>) => {
    const on = { ...Object.fromEntries(assetWords.map((each) => [each, {}])), [word]: answers }
    // As much of a machine as a table is read off.
    return createMachine({ initial: "available", states: { available: { on } } }) as unknown as typeof assetMachine
  }

  it("that leaves a word unanswered is refused", () => {
    expect(() => tabulateAssets(answering("rent", []))).toThrow("assetMachine: available does not answer every rent")
  })

  it("that refuses only sometimes, and says nothing otherwise, is refused", () => {
    const sometimes = [{ guard: { type: "unless", params: { fact: "isNotInUse" } } }]
    expect(() => tabulateAssets(answering("markReturned", sometimes))).toThrow(
      "assetMachine: available does not answer every markReturned"
    )
  })
})
