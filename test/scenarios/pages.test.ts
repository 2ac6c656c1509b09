/** What a page and a list of steps can have wrong with them is found, each fault with its line and with what to do. */
import { describe, expect, it } from "vitest"
import { readPage } from "./readPages.ts"
import { makeStepList } from "./stepList.ts"

const sound = ["# Feature: Orders", "", "Some prose.", "", "## Scenario: One", "", "* Given a", "* Then b"]
const faultsOf = (...lines: ReadonlyArray<string>) => readPage("docs/scenarios/p.md", lines.join("\n")).faults

describe("a page", () => {
  it("is sound", () => {
    expect(faultsOf(...sound)).toEqual([])
  })

  it("is read as scenarios, with the line of every step and its table", () => {
    const page = readPage(
      "docs/scenarios/p.md",
      [
        ...sound,
        "",
        "`@library` For a reason.",
        "",
        "## Scenario Outline: An order that is `<status>`",
        "",
        "* When it is `<status>`:",
        "",
        "  | name | value |",
        "  | --- | --- |",
        "  | a | `<status>` |",
        "",
        "* Then so it is",
        "",
        "### Examples:",
        "",
        "  | status |",
        "  | --- |",
        "  | pending |",
        "  | partial |"
      ].join("\n")
    )
    expect(page).toMatchObject({ title: "Orders", faults: [] })
    expect(page.scenarios.map(({ name, line, ways }) => [name, line, ways])).toEqual([
      ["One", 5, ["memory", "PostgreSQL", "HTTP"]],
      ["An order that is pending", 26, ["memory", "PostgreSQL"]],
      ["An order that is partial", 27, ["memory", "PostgreSQL"]]
    ])
    expect(page.scenarios[2]?.steps).toEqual([
      {
        line: 14,
        keyword: "When",
        text: "it is partial:",
        table: [
          ["name", "value"],
          ["a", "partial"]
        ]
      },
      { line: 20, keyword: "Then", text: "so it is", table: [] }
    ])
  })

  it.each<[what: string, lines: ReadonlyArray<string>, fault: string]>([
    ["a mistyped step", [...sound, "* Thne c"], "p.md:9: this bullet is no step"],
    ["a numbered list", [...sound, "1. Then c"], "p.md:9: this bullet is no step"],
    ["a mistyped heading", [...sound, "", "## Scenaro: Two"], "p.md:10: this heading is none of"],
    ["a table that is not indented", [...sound, "", "| a |", "| --- |", "| b |"], "p.md:10: this row is read by nobody"],
    ["a row that is taken for a rule", [...sound, "", "  | a |", "  | --- |", "  | - |", "  | - b |"], "p.md:12: this row"],
    ["a fence", ["# Feature: Orders", "", "## Scenario: One", "", "* Then a", "", "```", "b", "```"], "p.md:7: a fence"],
    ["raw HTML", [...sound, "", "An order <b>."], "p.md:10: `<` and `{{`"],
    ["a template", [...sound, "", "An order {{ status }}."], "p.md:10: `<` and `{{`"],
    [
      "a tag without a reason",
      [...sound, "", "`@library`", "", "## Scenario: Two", "", "* Then c"],
      "p.md:10: `@library` needs its reason"
    ],
    [
      "a tag that says nothing",
      [...sound, "", "`@slow` It takes long.", "", "## Scenario: Two", "", "* Then c"],
      "p.md:10: `@slow` is not one"
    ],
    ["two scenarios of one name", [...sound, "", "## Scenario: One", "", "* Then c"], 'p.md:10: two scenarios are called "One"'],
    ["a scenario without a Then", [...sound, "", "## Scenario: Two", "", "* Given c"], 'p.md:10: "Two" has no Then'],
    [
      "an outline without examples",
      [...sound, "", "## Scenario Outline: Two", "", "* Then c", "", "### Examples:", "", "  | a |", "  | --- |"],
      "p.md:10: this outline has no examples"
    ],
    ["no feature", ["Orders", ...sound.slice(1)], "p.md:1: the first line must be"],
    ["no scenario", ["# Feature: Orders"], "p.md:1: no scenario on this page"]
  ])("with %s is faulty", (_, lines, fault) => {
    expect(faultsOf(...lines).join("\n")).toContain(fault)
  })
})

describe("a list of steps", () => {
  const makeSteps = () => {
    const told: Array<string> = []
    const steps = makeStepList<Array<string>>()
    steps.parameter("status", /pending|cancelled/, (text) => text)
    steps.step("the order is {status}", (world, status: string) => void world.push(status))
    steps.step("{int} unit(s) is/are held", (world, units: number) => void world.push(`${units + 1}`))
    const find = (text: string) => steps.find({ line: 1, keyword: "Then", text, table: [] })
    return { ...steps, find, told }
  }

  it("does what a text says", async () => {
    const { find, told } = makeSteps()
    await find("the order is pending")(told)
    await find("1 unit is held")(told)
    await find("2 units are held")(told)
    expect(told).toEqual(["pending", "2", "3"])
  })

  it("says what to write for a text that no step says", () => {
    expect(() => makeSteps().find("the order cancelled 2 units")).toThrow(
      'no step says this. Use the words of another page, or add to test/scenarios/steps: step("the order {status} {int} units", (world, status1, int2) => …)'
    )
  })

  it("names the steps that say the same", () => {
    const { step, find } = makeSteps()
    step("{word} order is pending", () => {})
    expect(() => find("the order is pending")).toThrow(
      '2 steps say this: "the order is {status}" and "{word} order is pending". Reword all but one of them'
    )
  })

  it("names the steps that no text has used", () => {
    const { find, unused } = makeSteps()
    find("the order is pending")
    expect(unused()).toEqual(["{int} unit(s) is/are held"])
  })
})
