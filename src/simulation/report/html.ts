/**
 * A report as one page of HTML that needs nothing else: no script, no outside reference. It reads offline, on paper, on a phone, in light
 * and in dark. The first chart says what differs between the policies; all figures are in a table below.
 *
 * The charts are drawn by `echarts`, an optional peer dependency: only this entry point needs it.
 */
import { escaped } from "../../draw/escaped.ts"
import type { Report } from "../compare.ts"
import { type Chart, chaptersOf } from "./charts.ts"
import { type Row, rowsOf, writtenDifference, writtenEstimate } from "./figures.ts"
import { groups, nameOf } from "./labels.ts"
import { pageStyle } from "./pageStyle.ts"
import { commandOf, extentOf, violationLine } from "./words.ts"

/** A report as one page with charts that needs nothing else: no script, no network. */
export const asHtml = (report: Report): string => {
  const { scenario } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escaped(scenario.name)}: simulation</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<p class="kind">Simulation of orders</p>
<h1>${escaped(scenario.name)}</h1>
${scenario.description === "" ? "" : `<p class="description">${escaped(scenario.description)}</p>`}
<p class="${isPartial(report) ? "partial" : "extent"}">${escaped(extentOf(report))}</p>
${policies(report)}
</header>
<main>
${violations(report)}${chaptersOf(report)
    .map(
      ({ heading, charts }) =>
        `<section>\n<h2>${heading}</h2>\n<div class="charts">\n${charts.map(figure).join("\n")}\n</div>\n</section>`
    )
    .join("\n")}
${allFigures(report)}
${again(report)}
</main>
</body>
</html>
`
}

const isPartial = ({ seeds, completed }: Report) => completed.length < seeds.length

/** What each policy has that is not as the scenario says. */
const policies = ({ scenario }: Report): string => {
  const items = scenario.policies.map(({ name, ...different }, index) => {
    const differs = Object.entries(different).map(
      ([field, value]) => `${field} ${JSON.stringify(value, inFourDigits).replaceAll('"', "")}`
    )
    const says = differs.length === 0 ? "as the scenario says" : differs.join(", ")
    return `<li><span class="swatch" style="background:var(--policy-${(index % 6) + 1})"></span><b>${escaped(name)}</b>: ${escaped(says)}</li>`
  })
  return `<ul class="policies">${items.join("")}</ul>`
}

const inFourDigits = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value)

const figure = ({ title, says, alt, legend, isFull, wide, narrow }: Chart): string => {
  const picture = (svg: string, kind: string) =>
    svg.replace("<svg ", `<svg class="${kind}" role="img" aria-label="${escaped(alt)}" `)
  const keys = legend.map(
    ({ name, colour }) => `<li><span class="swatch" style="background:${colour}"></span>${escaped(name)}</li>`
  )
  return `<figure${isFull ? ' class="full"' : ""}>
<figcaption><h3>${escaped(title)}</h3><p>${escaped(says)}</p></figcaption>
<ul class="legend">${keys.join("")}</ul>
${picture(wide, "wide")}
${picture(narrow, "narrow")}
</figure>`
}

/** Broken promises, above everything else. */
const violations = (report: Report): string => {
  if (report.violations.length === 0) return ""
  const lines = report.violations.map((violation) => `<li>${escaped(violationLine(violation))}</li>`)
  return `<section class="violations">
<h2>Violations: ${report.violations.length}</h2>
<p>The library has a mistake. These promises were broken:</p>
<ol>${lines.join("")}</ol>
</section>
`
}

// --- all figures -------------------------------------------------------------------------------------------------------------------------

const allFigures = (report: Report): string => {
  const rows = rowsOf(report)
  const [baseline] = report.policies
  const head = [
    "Figure",
    "Unit",
    ...report.policies.map(({ policy }) => policy),
    ...report.differences.map(({ policy }) => `${policy}, compared with ${baseline?.policy ?? ""}`)
  ]
  const bodies = groups.flatMap((group) => {
    const own = rows.filter(({ label }) => label.group === group)
    if (own.length === 0) return []
    return [
      `<tbody><tr><th class="group" colspan="${head.length}" scope="rowgroup">${group}</th></tr>${own.map(line).join("")}</tbody>`
    ]
  })
  return `<section>
<h2>All figures</h2>
<p>Means over the seeds with their 95 % confidence intervals. A difference in colour is more than chance; one in twenty may yet be.</p>
<div class="scroll" tabindex="0" role="region" aria-label="All figures">
<table><thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("")}</tr></thead>
${bodies.join("\n")}
</table></div>
</section>`
}

const line = ({ label, values, differences }: Row): string => {
  const cells = [
    ...values.map((value) => `<td>${writtenEstimate(value, label.unit)}</td>`),
    ...differences.map(
      (difference) => `<td class="${difference.verdict}">${writtenEstimate(difference, label.unit, writtenDifference)}</td>`
    )
  ]
  return `<tr><th scope="row">${escaped(label.text)}</th><td class="unit">${nameOf(label.unit)}</td>${cells.join("")}</tr>`
}

// --- once more ---------------------------------------------------------------------------------------------------------------------------

const again = (report: Report): string => `<section>
<h2>The same again</h2>
<p>The same scenario and seeds give the same report, to the last digit. Save the scenario as <code>scenario.json</code>, and run:</p>
<pre>${escaped(commandOf(report))}</pre>
<p>Seeds: ${report.completed.join(", ") || "none"}.</p>
<details><summary>The scenario</summary><pre>${escaped(JSON.stringify(report.scenario, null, 2))}</pre></details>
</section>`
