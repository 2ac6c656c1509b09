/** The process of a shop, as its team would write it: a cancellation window, hold and resume, own data. */
import * as Schema from "effect/Schema"
import { hoursBetween, orderProcess, Timestamp } from "order-lifecycle"

export const shopProcess = orderProcess("our-shop", {
  version: 3,
  data: Schema.Struct({ channel: Schema.Literals(["web", "shop"]), shippedAt: Schema.optionalKey(Timestamp) }),
  initial: { channel: "web" }
})
  .status("onHold", {
    description: "Something has to be cleared up first.",
    like: "confirmed",
    but: { startSubscription: { code: "ON_HOLD", message: "The order is on hold.", remedy: "Resume it first." } }
  })
  .command("hold", {
    description: "Puts a confirmed order on hold.",
    payload: Schema.Struct({ why: Schema.NonEmptyString, note: Schema.optionalKey(Schema.String) }),
    personal: ["note"],
    event: "order.held",
    from: { confirmed: "onHold" },
    otherwise: { code: "NOT_HOLDABLE", message: "Only a confirmed order can be put on hold.", remedy: "Confirm it first." }
  })
  .command("resume", {
    description: "Goes on with an order that was on hold.",
    event: "order.resumed",
    from: { onHold: "confirmed" },
    otherwise: { code: "NOT_ON_HOLD", message: "The order is not on hold.", remedy: "No action needed." }
  })
  .command("ship", {
    description: "Says that the parcel has left.",
    event: "order.shipped",
    from: { confirmed: "confirmed", partial: "partial", fulfilled: "fulfilled" },
    otherwise: { code: "NOT_SHIPPABLE", message: "An order ships once it is confirmed.", remedy: "Confirm it first." },
    data: ({ order, at }) => ({ ...order.data, shippedAt: at })
  })
  .guard("notShipped", {
    before: "ship",
    holds: ({ order }) => order.data.shippedAt === undefined,
    refusal: { code: "SHIPPED_BEFORE", message: "The parcel has left before.", remedy: "No action needed." }
  })
  .guard("withinCancellationWindow", {
    before: "cancel",
    holds: ({ order, at, actor }) => actor.role === "manager" || hoursBetween(order.createdAt, at) <= 48,
    refusal: {
      code: "CANCELLATION_WINDOW_CLOSED",
      message: "An order can be cancelled within 48 hours.",
      remedy: "Ask a manager to cancel it."
    }
  })
  .guard("saysMore", {
    before: "hold",
    holds: ({ command }) => command.why !== "because",
    refusal: { code: "SAY_MORE", message: "That is no reason.", remedy: "Say why." }
  })
