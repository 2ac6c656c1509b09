/** What every status answers to every command, as a table. */
import { type Answer, answersOf, commandNames, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import type { CommandType } from "../order/commands/index.ts"
import type { OrderStatus } from "../order/Order.ts"
import { type Line, listed, names, type Table } from "./content.ts"
import { errorOf } from "./machineRefusals.ts"
import { guardsOf } from "./stateDiagram.ts"

/** Where a page says more about a code. */
type ErrorLink = (code: string) => string

const acceptedCells = (answers: ReadonlyArray<Answer>, answer: Answer): ReadonlyArray<ReadonlyArray<Line>> => {
  if (answer.refusal !== undefined) return []
  return [[[{ code: answer.to }], names(guardsOf(answers, answer)), names(answer.consequences), listed([])]]
}

const refusedCells = (
  lifecycle: Lifecycle,
  status: OrderStatus,
  command: CommandType,
  answer: Answer,
  errorLink: ErrorLink
): ReadonlyArray<ReadonlyArray<Line>> => {
  if (answer.refusal === undefined) return []
  const { code, lacking } = answer.refusal
  const { remedy } = errorOf(lifecycle, status, command, answer)
  return [[listed([]), ["not ", { code: lacking }], [{ code, to: errorLink(code) }], [remedy]]]
}

/** A row for every answer: what is accepted first, then the refusals in the order in which they are tried. */
export const answerTable = (lifecycle: Lifecycle, errorLink: ErrorLink): Table => ({
  head: ["Status", "Command", "Next status", "When", "Consequences, or the refusal", "Remedy"],
  rows: statusesOf(lifecycle).flatMap((status) =>
    commandNames(lifecycle).flatMap((command) => {
      const answers = answersOf(lifecycle, status)[command]
      const accepted = answers.flatMap((answer) => acceptedCells(answers, answer))
      const refused = answers.flatMap((answer) => refusedCells(lifecycle, status, command, answer, errorLink))
      return [...accepted, ...refused].map((cells) => [[{ code: status }], [{ code: command }], ...cells])
    })
  )
})

/** A row for every status and a column for every command: where it leads, or the codes it is refused with. */
export const overviewTable = (lifecycle: Lifecycle, errorLink: ErrorLink): Table => ({
  head: ["Status", ...commandNames(lifecycle)],
  rows: statusesOf(lifecycle).map((status) => [
    [{ code: status }],
    ...commandNames(lifecycle).map((command) => overviewOf(answersOf(lifecycle, status)[command], errorLink))
  ])
})

const overviewOf = (answers: ReadonlyArray<Answer>, errorLink: ErrorLink): Line => {
  const targets = new Set(answers.flatMap(({ refusal, to }) => (refusal ? [] : [to])))
  if (targets.size > 0)
    return [
      "→ ",
      ...listed(
        [...targets].map((code) => ({ code })),
        " or "
      )
    ]
  const codes = new Set(answers.flatMap(({ refusal }) => (refusal ? [refusal.code] : [])))
  return listed([...codes].map((code) => ({ code, to: errorLink(code) })))
}
