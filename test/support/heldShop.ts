/**
 * A process with a bit of everything, for simulations: a status, own commands and data, guards before an own command and before one of the
 * library's, and commands that are due. Beside it stands its second account, as a team would write one.
 */
import * as Schema from "effect/Schema"
import { orderProcess } from "../../src/order/process/orderProcess.ts"
import type { OwnAccount } from "../../src/simulation/OwnAccount.ts"
import { typeOf } from "../../src/simulation/waits.ts"

const onHold = { code: "ON_HOLD", message: "The order is on hold.", remedy: "Resume it first." }

/** The process, made by the library, or by a copy of it with bugs in it. */
export const heldShopBy = (make: typeof orderProcess) =>
  make("held-shop", {
    version: 2,
    data: Schema.Struct({ holds: Schema.Int, reminders: Schema.Int }),
    initial: { holds: 0, reminders: 0 }
  })
    .status("onHold", {
      description: "Something has to be cleared up first.",
      like: "confirmed",
      but: { startSubscription: onHold }
    })
    .command("hold", {
      description: "Puts a confirmed order on hold.",
      payload: Schema.Struct({ why: Schema.NonEmptyString, note: Schema.optionalKey(Schema.String) }),
      personal: ["note"],
      event: "order.held",
      from: { confirmed: "onHold" },
      otherwise: { code: "NOT_HOLDABLE", message: "Only a confirmed order can be put on hold.", remedy: "Confirm it first." },
      data: ({ order }) => ({ ...order.data, holds: order.data.holds + 1 })
    })
    .command("resume", {
      description: "Goes on with an order that was on hold.",
      event: "order.resumed",
      from: { onHold: "confirmed" },
      otherwise: { code: "NOT_ON_HOLD", message: "The order is not on hold.", remedy: "No action needed." }
    })
    .command("remind", {
      description: "Reminds the customer.",
      event: "order.reminded",
      from: { pending: "pending", confirmed: "confirmed" },
      otherwise: { code: "NOT_REMINDABLE", message: "There is nothing to remind of.", remedy: "No action needed." },
      data: ({ order }) => ({ ...order.data, reminders: order.data.reminders + 1 })
    })
    .guard("notTooOften", {
      before: "hold",
      holds: ({ order }) => order.data.holds < 1,
      refusal: { code: "HELD_TOO_OFTEN", message: "An order is put on hold once at most.", remedy: "Cancel it." }
    })
    .guard("wasReminded", {
      before: "cancel",
      holds: ({ order }) => order.status === "pending" || order.data.reminders > 0,
      refusal: { code: "NOT_REMINDED", message: "The customer was not reminded.", remedy: "Remind them first." }
    })
    .due("expireHold", { when: { status: "onHold" }, after: "PT20S", command: "resume" })
    .due("remind", { when: { status: "pending" }, after: "PT3S", command: "remind" })

export const heldShop = heldShopBy(orderProcess)

/** Calls of its commands, one with a payload that does not fit. */
export const heldShopCalls = [
  { command: "hold", payload: { why: "address" } },
  { command: "hold", payload: { why: "payment", note: "ask Grace" } },
  { command: "hold", payload: {} },
  { command: "resume", payload: {} },
  { command: "remind", payload: {} }
]

interface Known {
  readonly holds: number
  readonly reminders: number
}

export const heldShopAccount: OwnAccount<Known> = {
  follow: ({ holds, reminders } = { holds: 0, reminders: 0 }, event) => ({
    holds: typeOf(event) === "order.held" ? holds + 1 : holds,
    reminders: typeOf(event) === "order.reminded" ? reminders + 1 : reminders
  }),
  codeFor: ({ holds, reminders }, { command, status }) => {
    if (command === "hold" && holds > 0) return "HELD_TOO_OFTEN"
    return command === "cancel" && status !== "pending" && reminders === 0 ? "NOT_REMINDED" : null
  },
  dataOf: (known) => known
}
