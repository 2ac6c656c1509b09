/** What all reports say in the same words. */
import type { Report, Violation } from "../compare.ts"
import type { NotJudged } from "../OwnAccount.ts"
import { describeFinding } from "../printScript.ts"

/** What was simulated, and whether that is all that was asked for. */
export const extentOf = ({ scenario, seeds, completed, policies }: Report): string => {
  const { days } = scenario
  const done = `${counted(days, "day")}, ${counted(policies.length, "policy", "policies")}, ${seedsOf(completed)}`
  if (completed.length === seeds.length) return `${done}.`
  return `PARTIAL: interrupted after ${completed.length} of ${counted(seeds.length, "seed")}. ${done}.`
}

/** A broken promise, with the run that shows it. */
export const violationLine = (violation: Violation): string =>
  `policy "${violation.policy}", seed ${violation.seed}: ${describeFinding(violation)}`

/** What of a process was not judged, as a sentence. */
export const notJudgedLine = ({ ownCommands, guardRefusals }: NotJudged): string =>
  ownCommands + guardRefusals === 0
    ? "All answers were judged."
    : `Not judged, as there is no second account of the process: ${counted(ownCommands, "answer")} to own commands, ` +
      `${counted(guardRefusals, "refusal")} by own guards.`

/** The command that makes the same report again, when the scenario of the report is in the file. */
export const commandOf = ({ seeds }: Report): string =>
  `npx order-lifecycle simulate scenario.json --seed ${seeds[0] ?? 0} --seeds ${seeds.length}`

const seedsOf = (seeds: ReadonlyArray<number>): string =>
  seeds.length === 0
    ? "no seed"
    : seeds.length === 1
      ? `seed ${seeds[0]}`
      : `${seeds.length} seeds from ${seeds[0]} to ${seeds.at(-1)}`

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`
