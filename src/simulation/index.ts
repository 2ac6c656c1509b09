/**
 * order-lifecycle/simulation: the real services in a made-up world.
 *
 * Time, chance, users and faults are ours, so a seed replays everything exactly. Read in this order: `Scenario` (what the world is like),
 * `simulate` (many runs, compared), `World` (how time passes), `Workload` (what people do).
 *
 * @module
 */
export { Distribution, type Stream, streamOf } from "./randomness.ts"
export { Incident, Policy, readScenario, RecordedOrder, Scenario, type ScenarioInput } from "./Scenario.ts"
export {
  type Difference,
  type Estimate,
  type Job,
  type PolicyReport,
  type Report,
  reportOn,
  runHere,
  type Runner,
  simulate,
  type SimulateOptions
} from "./compare.ts"
export { type Run, type RunOptions, simulateOne } from "./simulate.ts"
export type { NotJudged, OwnAccount, OwnQuestion } from "./OwnAccount.ts"
export type { Durations, Figures, OverTime } from "./Metrics.ts"
export type { Answer, Call, CallType, Sent, Watcher } from "./Call.ts"
export { expectedOrders } from "./Arrivals.ts"
export { scaledTo } from "./scaledTo.ts"
export { scenarios } from "./scenarios/index.ts"
export { asCsv } from "./report/csv.ts"
export { asJson } from "./report/json.ts"
export { type Label, labelOf, type Unit } from "./report/labels.ts"
export { asText } from "./report/terminal.ts"
export { World } from "./World.ts"
