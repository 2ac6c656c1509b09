/** The rules of a lifecycle: every fact for the lack of which a command is refused, and in which words. */
import { answersOf, commandNames, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import type { CommandType } from "../order/commands/index.ts"
import type { Refusal } from "../order/Refusal.ts"
import { errorOf } from "./machineRefusals.ts"

/** What a fact is about: a rule of the process, what comes with the command, or where the units of the order are. */
export type FactKind = "process" | "input" | "units"

export interface Rule {
  readonly name: string
  readonly kind: FactKind
  /** The command that it stands before. */
  readonly command: CommandType
  readonly error: Refusal
}

export const kindOfFact = ({ process, commands }: Lifecycle, command: CommandType, fact: string): FactKind => {
  if (process?.guards.has(fact) === true) return "process"
  return Object.hasOwn(commands[command].facts, fact) ? "input" : "units"
}

/** Each rule once, in the order in which it is asked. */
export const rulesOf = (lifecycle: Lifecycle): ReadonlyArray<Rule> => {
  const found = new Map<string, Rule>()
  for (const command of commandNames(lifecycle)) {
    for (const status of statusesOf(lifecycle)) {
      for (const answer of answersOf(lifecycle, status)[command]) {
        const name = answer.refusal && answer.condition?.fact
        if (name === undefined || found.has(`${command} ${name}`)) continue
        const error = errorOf(lifecycle, status, command, answer)
        found.set(`${command} ${name}`, { name, kind: kindOfFact(lifecycle, command, name), command, error })
      }
    }
  }
  return [...found.values()]
}
