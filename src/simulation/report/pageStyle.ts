/** How a report looks. The charts take their colours from the variables here. */
export const pageStyle = `
:root {
  --page: #f6f5f1; --card: #ffffff; --ink: #1d2327; --muted: #5f686e; --line: #dcdfe0;
  --better: #0b6fb8; --worse: #c2500a;
  --policy-1: #5b6a78; --policy-2: #0b78c1; --policy-3: #c4620f; --policy-4: #178a5b; --policy-5: #8a4fb0; --policy-6: #b03a63;
  --status-pending: #e5b94e; --status-confirmed: #6ea8dc; --status-partial: #43a3a0; --status-fulfilled: #2c7d53; --status-cancelled: #b9bec2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --card: #1c2226; --ink: #e7eaec; --muted: #a3adb3; --line: #343c42;
    --better: #5cb2f2; --worse: #f4955a;
    --policy-1: #98a6b3; --policy-2: #4aa9ee; --policy-3: #ee9049; --policy-4: #4fc08d; --policy-5: #bd8be0; --policy-6: #e67a9f;
    --status-pending: #d9ac3f; --status-confirmed: #5b93c9; --status-partial: #3c9693; --status-fulfilled: #35895e; --status-cancelled: #59626a;
  }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 74rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2 }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.3rem }
h3 { margin: 0; font-size: 1.05rem }
.kind { margin: 0; color: var(--muted); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase }
.description { max-width: 46rem; margin: 0 0 .5rem }
.extent { margin: 0; color: var(--muted) }
.partial { display: inline-block; margin: 0; padding: .35rem .75rem; border: 2px solid var(--worse); border-radius: .4rem; font-weight: 600 }
ul { list-style: none; margin: 0; padding: 0 }
.policies { margin-top: 1rem; display: grid; gap: .25rem }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .45em; border-radius: .2em }
.violations { margin-top: 1.5rem; padding: .1rem 1.1rem; border: 2px solid var(--worse); border-radius: .6rem }
.violations h2 { margin-top: .75rem }
.charts { display: grid; gap: 1.25rem; grid-template-columns: repeat(2, minmax(0, 1fr)) }
figure { margin: 0; padding: 1.1rem 1.1rem .6rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; break-inside: avoid }
figure.full { grid-column: 1 / -1 }
figcaption p { margin: .1rem 0 .5rem; color: var(--muted); font-size: .92rem }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin-bottom: .4rem; font-size: .88rem }
svg { display: block; width: 100%; height: auto }
svg.narrow { display: none }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .8rem; text-align: right; white-space: nowrap }
thead th { vertical-align: bottom; white-space: normal; min-width: 7rem; border-bottom: 2px solid var(--line) }
th:first-child { text-align: left }
tbody th { font-weight: 400 }
th.group { padding-top: 1rem; font-weight: 600; border-bottom: 1px solid var(--line) }
td.unit { color: var(--muted); text-align: left }
thead th:nth-child(2) { text-align: left }
td.better { color: var(--better); font-weight: 600 }
td.worse { color: var(--worse); font-weight: 600 }
td.different { font-weight: 600 }
td.alike { color: var(--muted) }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; font-size: .85rem }
summary { cursor: pointer }
@media (max-width: 800px) {
  body { padding: 1.25rem .75rem 3rem }
  h1 { font-size: 1.6rem }
  .charts { grid-template-columns: minmax(0, 1fr) }
  figure { padding: .9rem .6rem .4rem }
  svg.wide { display: none }
  svg.narrow { display: block; max-width: 32rem }
}
@media print {
  :root { --page: #fff }
  body { max-width: none; padding: 0 }
}
`
