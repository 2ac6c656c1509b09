/** The state diagram, drawn from the machine as Mermaid. */
import { type Answer, answersOf, commandNames, type Lifecycle, lifecycles, statusesOf } from "../order/lifecycleTable.ts"
import type { OrderStatus } from "../order/Order.ts"

/** The facts that must hold for an answer to be reached: those whose absence is refused before it, and its own condition. */
export const guardsOf = (answers: ReadonlyArray<Answer>, answer: Answer): ReadonlyArray<string> => [
  ...answers
    .slice(0, answers.indexOf(answer))
    .flatMap(({ refusal, condition }) => (refusal && condition ? [condition.fact] : [])),
  ...(answer.condition ? [answer.condition.fact] : [])
]

/** A command that is accepted, and where it leads. */
export interface Arrow {
  readonly from: OrderStatus
  readonly to: OrderStatus
  readonly command: string
  /** The cancellation policy, rules of the process, and what decides between two targets. */
  readonly guards: ReadonlyArray<string>
}

/**
 * Every arrow of the lifecycle. What a command has to bring itself would hide the picture, and stands in the table.
 */
export const arrowsOf = (lifecycle: Lifecycle): ReadonlyArray<Arrow> =>
  statusesOf(lifecycle).flatMap((from) =>
    commandNames(lifecycle).flatMap((command) => {
      const answers = answersOf(lifecycle, from)[command]
      return answers.flatMap((answer) => {
        if (answer.refusal) return []
        const guards = guardsOf(answers, answer).filter(
          (fact) => fact === lifecycle.policy || fact === answer.condition?.fact || lifecycle.process?.guards.has(fact) === true
        )
        return [{ from, to: answer.to, command, guards }]
      })
    })
  )

/** How wide a label may get, in letters, before it goes on in the next line. */
const labelWidth = 40

/** Words one behind the other, in lines that are as long as that. */
const inLines = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of words) {
    const last = lines.pop()
    if (last === undefined) lines.push(word)
    else if (last.length + word.length + 2 > labelWidth) lines.push(last, word)
    else lines.push(`${last}, ${word}`)
  }
  return lines
}

/** The diagram without a fence around it: one arrow from a status to a status, which names each command that takes it. */
export const mermaidOf = (lifecycle: Lifecycle = lifecycles.noActiveSubscriptions): string => {
  const labels = new Map<string, Array<string>>()
  for (const { from, to, command, guards } of arrowsOf(lifecycle)) {
    const arrow = `  ${from} --> ${to}`
    labels.set(arrow, [...(labels.get(arrow) ?? []), [command, ...guards.map((fact) => `[${fact}]`)].join(" ")])
  }
  return [
    "stateDiagram-v2",
    `  [*] --> ${lifecycle.initial}: place`,
    ...Array.from(labels, ([arrow, words]) => `${arrow}: ${inLines(words).join("<br/>")}`)
  ].join("\n")
}
