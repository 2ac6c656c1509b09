/** `docs/lifecycle.md`, drawn from the machine: the diagram, the statuses, and every command on every status. */
import { type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { LibraryStatus } from "../../src/order/Order.ts"
import { commandTypes } from "../../src/order/commands/index.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import { cancellationPolicyNames, policies } from "../../src/order/policies/index.ts"
import { errorOf } from "./machineRefusals.ts"
import { blocks, code, codes, heading, table } from "./markdown.ts"
import { drawStateDiagram, guardsOf } from "./stateDiagram.ts"

/** What every status answers to every command. */
const drawAnswers = (lifecycle: Lifecycle): string => {
  const rows = LibraryStatus.literals.flatMap((status) =>
    commandTypes.flatMap((command) => {
      const answers = lifecycle.answers[status][command]
      const accepted = answers.flatMap((answer) =>
        answer.refusal ? [] : [[code(answer.to), codes(guardsOf(answers, answer)) || "–", codes(answer.consequences) || "–", "–"]]
      )
      const refused = answers.flatMap((answer) => {
        if (!answer.refusal) return []
        const { code: refusal, lacking } = answer.refusal
        const link = `[${code(refusal)}](reference/errors.md#${refusal.toLowerCase()})`
        return [["–", `not ${code(lacking)}`, link, errorOf(lifecycle, command, answer).remedy]]
      })
      return [...accepted, ...refused].map((cells) => [code(status), code(command), ...cells])
    })
  )
  return table(["Status", "Command", "Next status", "When", "Consequences, or the refusal", "Remedy"], rows)
}

/** The whole page, of a machine and what was read off it. */
export const drawLifecycle = (
  lifecycle: Lifecycle = lifecycles.noActiveSubscriptions,
  machine = makeOrderMachine(lifecycle.policy)
): string =>
  blocks(
    heading("The lifecycle of an order", "src/order/orderMachine.ts"),
    drawStateDiagram(lifecycle),
    `An arrow is a command that is accepted. Every other command is refused by name and changes nothing. What a command has to bring itself
(a free asset, the right customer, ...) stands in the table below.`,
    "## Statuses",
    table(
      ["Status", "Meaning"],
      LibraryStatus.literals.map((status) => [code(status), machine.states[status]?.description ?? ""])
    ),
    "## Cancellation policies",
    "The embedding service chooses one. It is the guard that stands before every cancel.",
    table(
      ["Policy", "Holds while"],
      cancellationPolicyNames.map((policy) => [code(policy), policies[policy].meaning])
    ),
    "Under `beforeFulfilment` the diagram and the table are the same, with that guard in the place of `noActiveSubscriptions`.",
    "## Every command on every status",
    "A command is accepted when all that stands under *When* holds. Otherwise the first refusal whose *When* applies is given, from the top.",
    drawAnswers(lifecycle)
  )
