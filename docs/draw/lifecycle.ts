/** `docs/lifecycle.md`, drawn from the machine: the diagram, the statuses, and every command on every status. */
import { answerTable } from "../../src/draw/answers.ts"
import { blocks, code, drawStateDiagram, drawTable, table } from "../../src/draw/markdown.ts"
import { type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { LibraryStatus } from "../../src/order/Order.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import { cancellationPolicyNames, policies } from "../../src/order/policies/index.ts"
import { heading } from "./page.ts"

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
    drawTable(answerTable(lifecycle, (code) => `reference/errors.md#${code.toLowerCase()}`))
  )
