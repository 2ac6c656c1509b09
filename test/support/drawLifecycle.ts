/** `docs/lifecycle.md`, drawn from the machine: the diagram, the statuses, and every command on every status. */
import * as Result from "effect/Result"
import { RequestId } from "../../src/order/AuditEvent.ts"
import { decide, type Occasion, refusalOf } from "../../src/order/decide.ts"
import { type Answer, type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { CustomerId, OrderId, OrderStatus, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import { type CommandType, commandTypes, type OrderCommand } from "../../src/order/OrderCommand.ts"
import { type CancellationPolicy, cancellationPolicyNames, orderMachine } from "../../src/order/orderMachine.ts"
import { place } from "../../src/order/place.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { catalogue } from "../../src/testing/arbitraries.ts"

const theDefault = lifecycles.noActiveSubscriptions

const policyMeanings: Record<CancellationPolicy, string> = {
  noActiveSubscriptions:
    "No subscription of the order is active. A partial or fulfilled order can be cancelled again once every subscription has ended. The default.",
  beforeFulfilment: "No subscription was ever created. A partial or fulfilled order cannot be cancelled any more."
}

/** The facts that must hold for an answer to be reached: those whose absence is refused before it, and its own condition. */
const guardsOf = (answers: ReadonlyArray<Answer>, answer: Answer): ReadonlyArray<string> => [
  ...answers
    .slice(0, answers.indexOf(answer))
    .flatMap(({ refusal, condition }) => (refusal && condition ? [condition.fact] : [])),
  ...(answer.condition ? [answer.condition.fact] : [])
]

/**
 * The state diagram, as Mermaid. An arrow is a command that is accepted. It bears the cancellation policy and what decides between two
 * targets; what a command has to bring itself would hide the picture, and stands in the table.
 */
export const drawStateDiagram = (lifecycle: Lifecycle = theDefault): string => {
  const arrows = OrderStatus.literals.flatMap((from) =>
    commandTypes.flatMap((command) => {
      const answers = lifecycle.answers[from][command]
      return answers.flatMap((answer) => {
        if (answer.refusal) return []
        const shown = guardsOf(answers, answer).filter((fact) => fact === lifecycle.policy || fact === answer.condition?.fact)
        return `  ${from} --> ${answer.to}: ${[command, ...shown.map((fact) => `[${fact}]`)].join(" ")}`
      })
    })
  )
  return ["```mermaid", "stateDiagram-v2", `  [*] --> ${lifecycle.initial}: place`, ...arrows, "```"].join("\n")
}

const code = (text: string) => `\`${text}\``

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** Two real orders to ask refusals of: one with an active subscription, and one that was cancelled after its subscription ended. */
const sampleOrders = () => {
  const occasion: Occasion = {
    at: Timestamp.make("2026-11-23T12:00:00.000Z"),
    actor: { userId: "ada" },
    requestId: RequestId.make("request")
  }
  const address = { contactName: "Ada Lovelace", streetAddress: "1 St James's Square", city: "London", country: "GB" }
  const placed = Result.getOrThrow(
    place(
      theDefault,
      {
        customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
        billingAddress: address,
        items: [{ sku: Sku.make("LAPTOP"), quantity: 2 }]
      },
      {
        tenantId: TenantId.make("demo"),
        orderId: OrderId.make("order"),
        customerId: CustomerId.make("ada"),
        variants: catalogue
      },
      occasion
    )
  ).after
  const move = (order: typeof placed, command: OrderCommand) =>
    Result.getOrThrow(decide(theDefault, order, command, occasion)).after
  const rented = move(move(placed, { type: "confirm" }), sampleCommands.startSubscription)
  return { rented, cancelled: move(move(rented, sampleCommands.endSubscription), { type: "cancel" }) }
}

const sampleCommands = {
  confirm: { type: "confirm" },
  startSubscription: {
    type: "startSubscription",
    subscriptionId: SubscriptionId.make("subscription"),
    assetSerialNumber: SerialNumber.make("serial"),
    customerId: CustomerId.make("ada"),
    asset: { isKnown: true, isRented: false, sku: Sku.make("LAPTOP") }
  },
  endSubscription: { type: "endSubscription", rentalId: SubscriptionId.make("subscription"), reason: "other" },
  cancel: { type: "cancel" }
} satisfies { [Type in CommandType]: OrderCommand & { type: Type } }

/** What every status answers to every command. */
const drawAnswers = (): string => {
  const { rented, cancelled } = sampleOrders()
  const remedyOf = (command: CommandType, answer: Answer) =>
    refusalOf(theDefault, answer.refusal?.lacking === theDefault.policy ? rented : cancelled, sampleCommands[command], answer)
      .remedy

  const rows = OrderStatus.literals.flatMap((status) =>
    commandTypes.flatMap((command) => {
      const answers = theDefault.answers[status][command]
      const refusals = answers.flatMap((answer) =>
        answer.refusal
          ? [
              [
                code(status),
                code(command),
                "–",
                `not ${code(answer.refusal.lacking)}`,
                code(answer.refusal.code),
                remedyOf(command, answer)
              ]
            ]
          : []
      )
      const accepted = answers.flatMap((answer) =>
        answer.refusal
          ? []
          : [
              [
                code(status),
                code(command),
                code(answer.to),
                guardsOf(answers, answer).map(code).join(", ") || "–",
                answer.consequences.map(code).join(", ") || "–",
                "–"
              ]
            ]
      )
      return [...accepted, ...refusals]
    })
  )
  return table(["Status", "Command", "Next status", "When", "Consequences, or the refusal", "Remedy"], rows)
}

/** The whole page. */
export const drawLifecycle = (): string => `# The lifecycle of an order

Drawn from \`src/order/orderMachine.ts\`, which alone decides. Do not edit this page: a test compares it with the machine, and
\`npm run test:only -- test/lifecyclePage.test.ts -u\` draws it again.

${drawStateDiagram()}

An arrow is a command that is accepted. Every other command is refused by name and changes nothing. What a command has to bring itself
(a free asset, the right customer, ...) stands in the table below.

## Statuses

${table(
  ["Status", "Meaning"],
  OrderStatus.literals.map((status) => [code(status), orderMachine.states[status]?.description ?? ""])
)}

## Cancellation policies

The embedding service chooses one. It is the guard that stands before every cancel.

${table(
  ["Policy", "Holds while"],
  cancellationPolicyNames.map((policy) => [code(policy), policyMeanings[policy]])
)}

Under \`beforeFulfilment\` the diagram and the table are the same, with that guard in the place of \`noActiveSubscriptions\`.

## Every command on every status

A command is accepted when all that stands under *When* holds. Otherwise the first refusal whose *When* applies is given, from the top.

${drawAnswers()}
`
