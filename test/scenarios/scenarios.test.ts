/**
 * The pages in `docs/scenarios`, told three times: to the library in memory, to the library on PostgreSQL, and to the service over HTTP.
 * Afterwards: whether they were told as they claim, and whether they leave out nothing that the machine can answer.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { PlaceRefusal } from "../../src/order/commands/place.ts"
import { tried } from "../support/evidence.ts"
import { Chronicle } from "./Chronicle.ts"
import { openWays } from "./openWays.ts"
import { indexPath, readPage, readPages, readText, type Way, ways } from "./readPages.ts"
import { steps } from "./steps/index.ts"
import { Surroundings } from "./Surroundings.ts"
import { tell } from "./tell.ts"
import { World } from "./World.ts"

/** A refusal that is missing here does not compile. */
const refusalsOfPlacing: Readonly<Record<PlaceRefusal["code"], true>> = {
  VALIDATION_ERROR: true,
  VARIANT_NOT_FOUND: true,
  VARIANT_INACTIVE: true,
  INVALID_CONTRACT_LENGTH: true
}

const pages = readPages()
const scenarios = pages.flatMap((page) => page.scenarios)
const chronicle = new Chronicle()

let opened: Awaited<ReturnType<typeof openWays>>
const surroundings = new Surroundings()
beforeAll(async () => void (opened = await openWays(surroundings)))
afterAll(() => opened.close())

describe("the pages", () => {
  it("are written so that nothing on them is overlooked", () => {
    expect(pages.flatMap(({ faults }) => faults)).toEqual([])
  })

  it("are all in the overview, and nothing else is", () => {
    const links = [...readText(indexPath).matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, file]) => `docs/scenarios/${file}`)
    expect(links.toSorted()).toEqual(pages.map(({ path }) => path))
  })
})

describe.each(ways)("told to %s:", (way: Way) => {
  describe.each(pages.map((page) => [page.title, page] as const))("%s:", (_, page) => {
    const here = page.scenarios.filter((scenario) => scenario.ways.includes(way))
    it.for(here.map((scenario) => [scenario.name, scenario] as const))("%s", async ([, scenario]) => {
      expect.hasAssertions()
      const world = new World({ way, open: opened.ways[way], surroundings, chronicle })
      chronicle.told.push({ scenario, way, tenantId: world.tenantId })
      await tell(scenario, world)
      tried(`scenarios told to ${way}`)
    })
  })
})

describe("a scenario that is not true", () => {
  const tellThis = (...lines: ReadonlyArray<string>) => {
    const { scenarios: planted } = readPage(
      "docs/scenarios/planted.md",
      ["# Feature: Planted", "", "## Scenario: Planted", "", ...lines].join("\n")
    )
    const [scenario] = planted
    if (scenario === undefined) throw new Error("the planted page has no scenario")
    return tell(scenario, new World({ way: "memory", open: opened.ways.memory, surroundings, chronicle: new Chronicle() }))
  }
  const given = "* Given Grace has ordered 2 City e-bikes"
  const cancel = "* When Ada cancels the order"

  it.each<[what: string, lines: ReadonlyArray<string>, line: number, message: string]>([
    [
      "names a status that the order has not",
      [given, "* Then the order is `confirmed`"],
      6,
      "expected 'pending' to be 'confirmed'"
    ],
    ["counts what is not reserved", [given, "* Then of the City e-bikes 3 are reserved and none are rented"], 6, "reserved"],
    [
      "calls accepted what was refused",
      [given, cancel, "* Then it is accepted", cancel, "* Then it is accepted"],
      9,
      "ALREADY_CANCELLED"
    ],
    [
      "calls refused what was accepted",
      [given, cancel, "* Then it is refused with `NOT_FOUND`"],
      7,
      "it was accepted, not refused"
    ],
    [
      "begins with what cannot be",
      [given, "* And Ada has cancelled the order", "* And Ada has confirmed the order"],
      7,
      "ORDER_NOT_PENDING"
    ],
    [
      "has an answer that nobody looks at",
      [given, cancel, "* Then the order is `cancelled`"],
      7,
      "nobody said what came of this"
    ],
    ["has it before another question", [given, cancel, cancel, "* Then it is accepted"], 7, "nobody said what came of this"],
    ["has a step that nobody knows", [given, "* Then the order is purple"], 6, 'step("{order} is purple", (world, order1) => …)'],
    ["speaks of an order that nobody placed", [given, "* Then Alan's order is `pending`"], 6, "nobody has placed Alan's order"],
    [
      "compares a table that differs",
      [given, "* Then the audit trail of the order is:", "", "  | no. | event |", "  | --- | --- |", "  | 1 | order.confirmed |"],
      6,
      "to deeply equal"
    ],
    [
      "compares a column that there is not",
      [given, "* Then the lines of the order are:", "", "  | colour |", "  | --- |", "  | red |"],
      6,
      'no column "colour"'
    ]
  ])("fails at its line when it %s", async (_, lines, line, message) => {
    const error = await tellThis(...lines).then(
      () => "it was told",
      (reason: unknown) => String(reason)
    )
    expect(error).toContain(`docs/scenarios/planted.md:${line}\n`)
    expect(error).toContain(message)
  })
})

describe("all scenarios together", () => {
  it("were told in the ways they claim", () => {
    const claimed = scenarios.flatMap(({ page, line, ways: all }) => all.map((way) => `${page}:${line} to ${way}`))
    const told = chronicle.told.map(({ scenario: { page, line }, way }) => `${page}:${line} to ${way}`)
    expect(told.toSorted()).toEqual(claimed.toSorted())
  })

  it("are told in all three ways, nine out of ten of them", () => {
    const everywhere = scenarios.filter((scenario) => scenario.ways.length === ways.length)
    expect(everywhere.length / scenarios.length).toBeGreaterThanOrEqual(0.9)
  })

  it.each(ways)("show every command in every status to %s", (way) => {
    expect(chronicle.missingPairs(way), "write a scenario for each of these").toEqual([])
  })

  it.each(ways)("show every refusal of every command to %s", (way) => {
    expect(chronicle.missingRefusals(way), "write a scenario for each of these").toEqual([])
  })

  it.each(ways)("show every refusal of placing to %s", (way) => {
    const outcomes = new Set(chronicle.placings.flatMap((placing) => (placing.way === way ? [placing.outcome] : [])))
    expect(Object.keys(refusalsOfPlacing).filter((code) => !outcomes.has(code))).toEqual([])
  })

  it("show every fact of the machine both ways", () => {
    expect(chronicle.missingFacts(), "write a scenario for each of these").toEqual([])
  })

  // What came over HTTP is in the same PostgreSQL.
  it.each(["memory", "PostgreSQL"] as const)("leave behind in %s nothing that breaks a promise", async (way) => {
    const violations = await opened.ways[way].backstage.verify()
    const told = new Map(chronicle.told.map(({ scenario: { page, line }, tenantId }) => [tenantId, `${page}:${line}`]))
    expect(
      violations.map(({ id, message, tenantId }) => `${(tenantId && told.get(tenantId)) ?? "the store"}: ${id}: ${message}`)
    ).toEqual([])
  })

  it("use every step there is", () => {
    expect(steps.unused(), "use these or delete them").toEqual([])
  })
})
