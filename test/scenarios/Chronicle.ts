/** What happened while the scenarios were told: every command, where it was given, and what came of it. */
import { LibraryStatus, type TenantId } from "../../src/order/Order.ts"
import { type CommandType, commandTypes } from "../../src/order/commands/index.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import type { Fact } from "../../src/order/orderMachine.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import type { Scenario, Way } from "./readPages.ts"
import type { Answer, Foreseen } from "./Shop.ts"

/** A command that was given to an order. */
export interface Happening {
  readonly way: Way
  readonly policy: CancellationPolicy
  readonly command: CommandType
  readonly from: string
  /** The refusal's code, or the status it led to. */
  readonly outcome: string
  /** Facts of the machine that held, and that did not; as far as could be asked. */
  readonly held: ReadonlyArray<Fact>
  readonly lacking: ReadonlyArray<Fact>
}

export class Chronicle {
  readonly happenings: Array<Happening> = []
  /** Codes that placing was refused with; there is no order yet that the machine could be asked about. */
  readonly placings: Array<{ readonly way: Way; readonly outcome: string }> = []
  /** What was told, and how. */
  readonly told: Array<{ readonly scenario: Scenario; readonly way: Way; readonly tenantId: TenantId }> = []

  add(
    happening: Omit<Happening, "outcome" | "held" | "lacking">,
    answer: Answer<unknown>,
    statusAfter: string,
    foreseen: Foreseen | undefined
  ): void {
    const outcome = answer.accepted ? statusAfter : answer.code
    this.happenings.push({ ...happening, outcome, ...factsOf(happening, foreseen) })
  }

  /** Every pair of status and command that no scenario has shown in this way. */
  missingPairs(way: Way): ReadonlyArray<string> {
    const seen = new Set(this.#in(way).map(({ from, command }) => `${from} × ${command}`))
    return LibraryStatus.literals
      .flatMap((status) => commandTypes.map((command) => `${status} × ${command}`))
      .filter((pair) => !seen.has(pair))
  }

  /** Every refusal the machine has for a command that no scenario has shown in this way. */
  missingRefusals(way: Way): ReadonlyArray<string> {
    const seen = new Set(this.#in(way).map(({ command, outcome }) => `${command}: ${outcome}`))
    const all = answersOf().flatMap(({ command, answer }) => (answer.refusal ? [`${command}: ${answer.refusal.code}`] : []))
    return [...new Set(all)].filter((refusal) => !seen.has(refusal))
  }

  /** Every fact of the machine that no scenario has shown to hold, or not to hold. */
  missingFacts(): ReadonlyArray<string> {
    const held = new Set(this.happenings.flatMap((happening) => happening.held))
    const lacking = new Set(this.happenings.flatMap((happening) => happening.lacking))
    const all = new Set(answersOf().flatMap(({ answer }) => (answer.condition ? [answer.condition.fact] : [])))
    return [...all].flatMap((fact) => [
      ...(held.has(fact) ? [] : [`${fact} holds`]),
      ...(lacking.has(fact) ? [] : [`${fact} does not hold`])
    ])
  }

  #in(way: Way): ReadonlyArray<Happening> {
    return this.happenings.filter((happening) => happening.way === way)
  }
}

const answersOf = () =>
  cancellationPolicyNames.flatMap((policy) =>
    LibraryStatus.literals.flatMap((status) =>
      commandTypes.flatMap((command) => lifecycles[policy].answers[status][command].map((answer) => ({ command, answer })))
    )
  )

/** Which facts held: those that the preview does not name; of an accepted command also those that led to its status. */
const factsOf = (
  { policy, from, command }: Pick<Happening, "policy" | "from" | "command">,
  foreseen: Foreseen | undefined
): Pick<Happening, "held" | "lacking"> => {
  const held: Array<Fact> = []
  const lacking: Array<Fact> = []
  // The machine was not asked where a blocker has no name of its.
  if (foreseen === undefined || foreseen.blockers.some(({ guard }) => guard === undefined)) return { held, lacking }
  for (const { condition, refusal, to } of lifecycles[policy].answers[from as LibraryStatus][command]) {
    if (!condition) continue
    const isNamed = foreseen.blockers.some(({ guard }) => guard === condition.fact)
    if (refusal) (isNamed ? lacking : held).push(condition.fact)
    else if (foreseen.status !== undefined) (foreseen.status === to ? held : lacking).push(condition.fact)
  }
  return { held, lacking }
}
