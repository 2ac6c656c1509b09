/** A shop in which an order can be put on hold, before or after its first subscription, and goes on where it stood. */
import { orderProcess } from "order-lifecycle"
import * as Schema from "effect/Schema"

const onHold = { code: "ON_HOLD", message: "The order is on hold.", remedy: "Resume it first." }
const notHoldable = {
  code: "NOT_HOLDABLE",
  message: "Only an open, confirmed order is put on hold.",
  remedy: "Confirm it first."
}
const notOnHold = { code: "NOT_ON_HOLD", message: "The order is not on hold.", remedy: "No action needed." }

export const holdAndResume = orderProcess("hold-and-resume", {
  version: 1,
  data: Schema.Struct({ holds: Schema.Int }),
  initial: { holds: 0 }
})
  .status("onHold", {
    description: "Confirmed, and something has to be cleared up first. All units are held.",
    like: "confirmed",
    but: { startSubscription: onHold }
  })
  .status("partlyOnHold", {
    description: "Partly rented out, and something has to be cleared up before more follows.",
    like: "partial",
    but: { startSubscription: onHold }
  })
  .command("hold", {
    description: "Puts an order on hold.",
    payload: Schema.Struct({ why: Schema.Literals(["address", "payment", "fraud"]), note: Schema.optionalKey(Schema.String) }),
    personal: ["note"],
    event: "order.held",
    from: { confirmed: "onHold", partial: "partlyOnHold" },
    otherwise: notHoldable,
    data: ({ order }) => ({ holds: order.data.holds + 1 })
  })
  .command("resume", {
    description: "Goes on with an order where it stood.",
    event: "order.resumed",
    from: { onHold: "confirmed", partlyOnHold: "partial" },
    otherwise: notOnHold
  })
  .guard("notTooOften", {
    before: "hold",
    holds: ({ order, actor }) => order.data.holds < 3 || actor.role === "manager",
    refusal: {
      code: "HELD_TOO_OFTEN",
      message: "An order is put on hold three times at most.",
      remedy: "Ask a manager, or cancel it."
    }
  })
