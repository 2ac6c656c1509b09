/** The live machine on a page: its elements, its data and its script. */
import { createHash } from "node:crypto"
import { commandNames, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import { escaped } from "./escaped.ts"
import { liveModelOf } from "./liveModel.ts"
import { liveScript } from "./liveScript.ts"
import { pictureOf } from "./picture.ts"
import { type FactKind, type Rule, rulesOf } from "./rules.ts"

/** The one script that a page may run, as its policy names it. */
export const scriptHash = createHash("sha256").update(liveScript).digest("base64")

/** What the reader sees and does. */
export const livePart = (lifecycle: Lifecycle): string => `<div class="live">
<figure>${pictureOf(lifecycle)}</figure>
<section aria-labelledby="live">
<h3 id="live">The live machine</h3>
<p>Give commands to an order and see where it goes. Rules of the process are functions in its file, which do not run on this page: they are shown
by name, and hold while they are ticked. So are the conditions on what comes with a command. Conditions on units are looked up.</p>
<noscript><p>Without JavaScript nothing moves here. The tables below say the same.</p></noscript>
<div id="live-controls" hidden>
<p class="standing">The order is <strong id="status"></strong>: <span id="units"></span>.</p>
<ul class="commands">
${commandNames(lifecycle).map(commandButton).join("\n")}
</ul>
<div id="outcome" class="outcome" role="status" aria-live="polite"></div>
${ruleBoxes(lifecycle, "process", "Rules of the process before")}
<fieldset><legend>Put the order elsewhere</legend>
<label>Status <select id="choose-status">${statusesOf(lifecycle).map(option).join("")}</select></label>
<label>Units <select id="choose-units"></select></label>
<button type="button" id="again">Start again</button></fieldset>
${ruleBoxes(lifecycle, "input", "What comes with")}
<details><summary>What happened so far</summary><ol id="history"></ol></details>
</div>
</section>
</div>
<script type="application/json" id="model">${jsonInScript(liveModelOf(lifecycle))}</script>`

/** The script, which stands behind all that it finds. */
export const liveScriptElement = `<script>${liveScript}</script>`

const commandButton = (command: string): string =>
  `<li><button type="button" data-command="${command}" aria-describedby="outlook-${command}">${command}</button> ` +
  `<span class="outlook" id="outlook-${command}"></span></li>`

const option = (name: string): string => `<option>${name}</option>`

/** A box to tick for each rule of a kind, by the command that it stands before. */
const ruleBoxes = (lifecycle: Lifecycle, kind: FactKind, words: string): string => {
  const rules = rulesOf(lifecycle).filter((rule) => rule.kind === kind)
  return [...Map.groupBy(rules, ({ command }) => command)]
    .map(([command, all]) => `<fieldset><legend>${words} ${command}</legend>${all.map(ruleBox).join("\n")}</fieldset>`)
    .join("\n")
}

const ruleBox = ({ name, error }: Rule): string =>
  `<label title="${escaped(error.message)}"><input type="checkbox" data-fact="${name}" checked> <code>${name}</code></label>`

/** JSON that no text in it can end the element of. */
const jsonInScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", String.raw`\u003c`)
