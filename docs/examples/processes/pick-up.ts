/** A shop whose customers pick up what they have ordered: nothing is handed over before it is ready, and what is not fetched can be put back. */
import { hoursBetween, orderProcess, Timestamp } from "order-lifecycle"
import * as Schema from "effect/Schema"

export const pickUp = orderProcess("pick-up", {
  version: 1,
  data: Schema.Struct({ shop: Schema.optionalKey(Schema.String), readyAt: Schema.optionalKey(Timestamp) })
})
  .status("ready", { description: "Packed, and waiting to be picked up. All units are held.", like: "confirmed" })
  .command("makeReady", {
    description: "Says in which shop the order is ready to be picked up.",
    payload: Schema.Struct({ shop: Schema.NonEmptyString.check(Schema.isMaxLength(60)) }),
    event: "order.ready",
    from: { confirmed: "ready" },
    otherwise: { code: "NOT_CONFIRMED", message: "Only a confirmed order is packed.", remedy: "Confirm it first." },
    data: ({ command, at }) => ({ shop: command.shop, readyAt: at })
  })
  .command("putBack", {
    description: "Puts back an order that was not fetched.",
    event: "order.put_back",
    from: { ready: "confirmed" },
    otherwise: { code: "NOT_READY", message: "The order is not waiting to be picked up.", remedy: "No action needed." },
    data: () => ({})
  })
  .guard("ready", {
    before: "startSubscription",
    holds: ({ order }) => order.data.readyAt !== undefined,
    refusal: { code: "NOT_READY_YET", message: "The order is not ready to be handed over.", remedy: "Wait for it to be packed." }
  })
  .guard("waitsAWeek", {
    before: "putBack",
    holds: ({ order, at }) => order.data.readyAt !== undefined && hoursBetween(order.data.readyAt, at) >= 7 * 24,
    refusal: { code: "STILL_WAITING", message: "An order waits for a week.", remedy: "Put it back later." }
  })
