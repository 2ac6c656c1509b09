/** The state diagram, drawn from the machine as Mermaid. */
import { type Answer, type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { LibraryStatus } from "../../src/order/Order.ts"
import { commandTypes } from "../../src/order/commands/index.ts"
import { fence } from "./markdown.ts"

/** The facts that must hold for an answer to be reached: those whose absence is refused before it, and its own condition. */
export const guardsOf = (answers: ReadonlyArray<Answer>, answer: Answer): ReadonlyArray<string> => [
  ...answers
    .slice(0, answers.indexOf(answer))
    .flatMap(({ refusal, condition }) => (refusal && condition ? [condition.fact] : [])),
  ...(answer.condition ? [answer.condition.fact] : [])
]

/**
 * The diagram without a fence around it. An arrow is a command that is accepted. It bears the cancellation policy and what decides between
 * two targets; what a command has to bring itself would hide the picture, and stands in the table.
 */
export const mermaidOf = (lifecycle: Lifecycle = lifecycles.noActiveSubscriptions): string => {
  const arrows = LibraryStatus.literals.flatMap((from) =>
    commandTypes.flatMap((command) => {
      const answers = lifecycle.answers[from][command]
      return answers.flatMap((answer) => {
        if (answer.refusal) return []
        const shown = guardsOf(answers, answer).filter((fact) => fact === lifecycle.policy || fact === answer.condition?.fact)
        return `  ${from} --> ${answer.to}: ${[command, ...shown.map((fact) => `[${fact}]`)].join(" ")}`
      })
    })
  )
  return ["stateDiagram-v2", `  [*] --> ${lifecycle.initial}: place`, ...arrows].join("\n")
}

/** The diagram as a block of a page. */
export const drawStateDiagram = (lifecycle?: Lifecycle): string => fence("mermaid", mermaidOf(lifecycle))
