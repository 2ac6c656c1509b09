/** Reports on a small real run: every figure has its name and unit, every chart its axes, and nothing comes from outside. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Csv from "effect/encoding/Csv"
import { beforeAll, describe, expect, it } from "vitest"
import { type Report, reportOn, simulate } from "../../src/simulation/compare.ts"
import { chaptersOf } from "../../src/simulation/report/charts.ts"
import { asCsv } from "../../src/simulation/report/csv.ts"
import { rowsOf } from "../../src/simulation/report/figures.ts"
import { asHtml } from "../../src/simulation/report/html.ts"
import { asJson } from "../../src/simulation/report/json.ts"
import { groups, labelOf } from "../../src/simulation/report/labels.ts"
import { asText } from "../../src/simulation/report/terminal.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"
import type { Run } from "../../src/simulation/simulate.ts"

/** Two tenants, a slow store, impatient customers: every chapter of a report has something to show. */
const scenario = Result.getOrThrow(
  readScenario({
    name: 'Two <b>shops</b> & "more"',
    days: 7,
    tenants: [{ id: "north.east" }, { id: "south" }],
    catalogue: [{ sku: "E.BIKE", assets: 20 }],
    arrivals: { perDay: 8 },
    cancellation: { hazards: { pending: [], confirmed: [], partial: [], fulfilled: [{ perDay: 0.8 }], cancelled: [] } },
    store: { latencyMs: { uniform: { min: 5, max: 500 } }, connections: 1 },
    faults: { unavailable: 0.05, lostAnswer: 0.05 },
    policies: [{ name: "as it is" }, { name: "slower", confirmationDelayHours: { constant: 40 } }]
  })
)

let report: Report
const runs: Array<Run> = []
beforeAll(async () => {
  report = await Effect.runPromise(simulate({ scenario, seeds: [1, 2, 3], onRun: (run) => runs.push(run) }))
})

describe("every figure", () => {
  it("has a label of its own under one of the headings", () => {
    const names = report.policies.flatMap(({ figures }) => Object.keys(figures))
    expect(names.length).toBeGreaterThan(100)
    for (const name of names) expect(labelOf(name), name).not.toBeNull()
    const labels = rowsOf(report).map(({ label }) => `${label.group}: ${label.text}`)
    expect(new Set(labels).size).toBe(labels.length)
    expect(groups).toEqual(expect.arrayContaining([...new Set(rowsOf(report).map(({ label }) => label.group))]))
  })

  it("is known by the whole name of its tenant or SKU, dots included", () => {
    expect(labelOf("utilisation.E.BIKE.peak")?.text).toBe("E.BIKE rented, at most")
    expect(labelOf("calls.msByTenant.north.east.p50")?.text).toBe("north.east sent to known, median")
  })

  it("has no label when there is no such figure", () => {
    for (const name of ["orders.lost", "hours.toConfirm.p75", "hours.toBe.p50", "utilisation.A.median", "other", ""])
      expect(labelOf(name), name).toBeNull()
  })

  it("gets a verdict by which way is better, and none from one seed", () => {
    const verdict = (from: Report, name: string) => rowsOf(from).find((row) => row.name === name)?.differences[0]?.verdict
    expect(verdict(report, "hours.toConfirm.p50")).toBe("worse")
    expect(verdict(report, "orders.placed")).toBe("alike")
    expect(verdict(reportOn(scenario, [1], runs), "hours.toConfirm.p50")).toBe("alike")
  })
})

describe("the summary for a terminal", () => {
  it("is no wider than 110 columns, and marks what differs by more than chance", () => {
    const lines = asText(report).split("\n")
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110)
    expect(lines.find((line) => line.includes("placed to confirmed, median"))).toMatch(
      /\d \u00B1 .* \+[\d.]+ \u00B1 [\d.]+ \* worse$/
    )
  })

  it("says that a report is partial, and that one seed is one course of chance", () => {
    expect(asText(reportOn(scenario, [1, 2, 3, 4], runs))).toContain("PARTIAL: interrupted after 3 of 4 seeds.")
    expect(asText(reportOn(scenario, [1], runs))).toContain("One seed shows")
  })
})

describe("a broken promise", () => {
  it("stands above everything else, with the run that shows it", () => {
    const violation = { id: "S4" as const, message: "two <units>", at: 0, policy: "slower", seed: 2 }
    const broken: Report = { ...report, violations: [violation] }
    expect(asText(report)).not.toContain("VIOLATIONS")
    expect(asText(broken)).toContain('VIOLATIONS: 1. The library has a mistake.\n  policy "slower", seed 2: S4: two <units>\n')
    expect(asHtml(report).includes("Violations")).toBe(false)
    expect(asHtml(broken).includes("<li>policy &quot;slower&quot;, seed 2: S4: two &lt;units&gt;</li>")).toBe(true)
  })
})

describe("the CSV", () => {
  it("has a line for each policy, figure and moment, that a reader of CSV reads", async () => {
    const rows = await Effect.runPromise(
      Stream.make(asCsv(report)).pipe(Stream.pipeThroughChannel(Csv.decodeString({ headers: true })), Stream.runCollect)
    )
    const found = rows.filter(({ figure }) => figure === "hours.toConfirm.p50")
    expect(found.map(({ policy, comparedWith, unit }) => [policy, comparedWith, unit])).toEqual([
      ["as it is", "", "hours"],
      ["slower", "", "hours"],
      ["slower", "as it is", "hours"]
    ])
    expect(Number(found[2]?.mean)).toBe(report.differences[0]?.figures["hours.toConfirm.p50"]?.mean)
    const rented = rows.filter(({ figure, policy }) => figure === "overTime.unitsRented" && policy === "slower")
    expect(rented.map(({ mean }) => Number(mean))).toEqual(report.policies[1]?.overTime.unitsRented)
  })
})

describe("the JSON", () => {
  it("is the report", () => {
    expect(JSON.parse(asJson(report))).toEqual(report)
  })
})

describe("the page", () => {
  it("is one file: no script, nothing from outside, and what a scenario says stays text", () => {
    const html = asHtml(report)
    const foreign =
      /<script|javascript:|\son\w+=|@import|url\((?!#)|<link|<img|<iframe|(?:href|src)=|https?:\/\/(?!www\.w3\.org\/)/gi
    expect(html.match(foreign)).toBeNull()
    expect(html.includes("<b>shops")).toBe(false)
    expect(html.match(/Two &lt;b&gt;shops&lt;\/b&gt; &amp; &quot;more&quot;/g)?.length).toBeGreaterThan(1)
  })

  it("has every chart, each for wide and for narrow pages, described for those who do not see it", () => {
    const html = asHtml(report)
    const chapters = chaptersOf(report)
    expect(chapters.map(({ heading }) => heading)).toEqual([
      "What differs",
      "Orders over time",
      "How long it takes",
      "Units and assets",
      "Refused cancels",
      "The store under load"
    ])
    const charts = chapters.flatMap((chapter) => chapter.charts)
    expect(charts.length).toBeGreaterThan(12)
    expect(html.match(/<svg /g)).toHaveLength(charts.length * 2)
    expect(html.match(/<svg class="(?:wide|narrow)" role="img" aria-label="[^"]{20,}"/g)).toHaveLength(charts.length * 2)
  })

  it("names the axes of every chart, with units", () => {
    const units = /Difference \(% of|Days since the start|Hours|Calls|Times|Milliseconds|% of the assets/
    for (const { title, wide, narrow, alt } of chaptersOf(report).flatMap(({ charts }) => charts)) {
      for (const svg of [wide, narrow, alt]) expect(units.test(svg), title).toBe(true)
      const isOverTime = wide.includes("Days since the start")
      if (isOverTime) for (const svg of [wide, narrow, alt]) expect(/Orders|Units/.test(svg), title).toBe(true)
    }
  })

  it("is the same text twice, has all figures, and says how to make it again", () => {
    const html = asHtml(report)
    expect(asHtml(report) === html).toBe(true)
    for (const { label } of rowsOf(report)) expect(html.includes(`<th scope="row">${label.text}</th>`), label.text).toBe(true)
    expect(html.includes("npx order-lifecycle simulate scenario.json --seed 1 --seeds 3")).toBe(true)
  })

  it("has no chart of what did not happen", () => {
    const quiet = { ...scenario, store: { ...scenario.store, latencyMs: { constant: 0 } } }
    const empty = reportOn(quiet, [1], [])
    expect(chaptersOf(empty).map(({ heading }) => heading)).not.toContain("Refused cancels")
    expect(asHtml(empty).includes("PARTIAL")).toBe(true)
  })
})
