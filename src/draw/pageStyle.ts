/** How the page of a process looks, in light and in dark, down to the width of a phone. */
export const pageStyle = `
:root {
  --page: #f7f7f4; --card: #ffffff; --ink: #1d2327; --muted: #566069; --line: #d5d9db;
  --accent: #0b5fa8; --on-accent: #ffffff; --refused: #9a3412;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --card: #1c2226; --ink: #e7eaec; --muted: #a9b3b9; --line: #3a434a;
    --accent: #6ab7f5; --on-accent: #0d1317; --refused: #f4a27a;
  }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere }
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.35rem }
h3 { margin: 1.75rem 0 .5rem; font-size: 1.05rem }
/* Below the underscores of codes. */
a { color: var(--accent); text-underline-offset: .25em }
code, pre, .by { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .9em }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0 0; padding: 0; list-style: none }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
table { width: 100%; border-collapse: collapse; font-size: .9rem }
th, td { min-width: 6rem; padding: .35rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: break-word }
thead th { border-top: 0 }
figure { position: sticky; top: 1rem; align-self: start; margin: 0 }
.picture { display: block; width: 100%; height: auto; margin: 0 auto }
.picture rect { fill: var(--card); stroke: var(--muted) }
.picture text { fill: var(--ink); text-anchor: middle }
.picture .name { font-size: 15px }
.picture .by { font-size: 12px; fill: var(--accent) }
.picture .line { fill: none; stroke: var(--muted) }
.picture .tip { fill: var(--muted) }
.picture .is-open .line, .picture .is-open rect { stroke: var(--accent); stroke-width: 2 }
.picture .is-open .tip { fill: var(--accent) }
.picture .is-open .name { transform: translateY(-7px) }
.picture .is-taken .line { stroke: var(--ink); stroke-width: 3 }
.picture .is-taken .tip { fill: var(--ink) }
.picture .is-current rect { fill: var(--accent) }
.picture .is-current text { fill: var(--on-accent); font-weight: 700 }
.live { display: grid; gap: 1.5rem; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) }
.live > * { min-width: 0 }
.live h3 { margin-top: 0 }
.standing { margin: 0 0 .75rem; font-size: 1.15rem }
.standing strong { color: var(--accent) }
.commands { margin: 0; padding: 0; list-style: none }
.commands li { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; padding: .3rem 0 }
.outlook { color: var(--muted); font-size: .9rem }
.outcome { min-height: 6rem; margin: .75rem 0; padding: .1rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
.outcome ul { padding-left: 1.2rem }
.outcome li { color: var(--refused) }
select, button { max-width: 100%; min-height: 2.25rem; padding: .25rem .9rem; border: 1px solid var(--muted); border-radius: .5rem;
  background: var(--card); color: var(--ink); font: inherit }
button { cursor: pointer }
button.is-accepted { border-color: var(--accent); background: var(--accent); color: var(--on-accent) }
fieldset { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; min-width: 0; margin: 1rem 0 0; border: 1px solid var(--line); border-radius: .5rem }
fieldset label { max-width: 100%; font-size: .95rem }
:is(a, button, select, input, summary, [tabindex]):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
summary { margin-top: 1rem; cursor: pointer }
@media (max-width: 800px) {
  body { padding: 1.25rem .75rem 3rem }
  h1 { font-size: 1.5rem }
  .live { grid-template-columns: minmax(0, 1fr) }
  figure { position: static }
}
`
