import { hoursBetween, orderProcess, ordersUnder } from "order-lifecycle"
import * as Schema from "effect/Schema"

const words = { code: "NOT_POSSIBLE", message: "Not in this status.", remedy: "Look at the order." }
const hold = { description: "Holds.", event: "order.held", otherwise: words }
const resume = { description: "Goes on.", event: "order.resumed", otherwise: words }

export const ourProcess = orderProcess("our-shop", {
  data: Schema.Struct({ channel: Schema.Literals(["web", "shop"]) }),
  initial: { channel: "web" }
})
  .status("onHold", {
    description: "Something has to be cleared up first.",
    like: "confirmed",
    but: { startSubscription: { ...words, code: "ON_HOLD" } }
  })
  .command("hold", { ...hold, payload: Schema.Struct({ why: Schema.NonEmptyString }), from: { confirmed: "onHold" } })
  .command("resume", { ...resume, from: { onHold: "confirmed" } })
  .guard("withinCancellationWindow", {
    before: "cancel",
    holds: ({ order, at }) => order.data.channel === "shop" || hoursBetween(order.createdAt, at) <= 48,
    refusal: { code: "CANCELLATION_WINDOW_CLOSED", message: "It is too late.", remedy: "Ask a manager to cancel it." }
  })
  .due("expireHold", { when: { status: "onHold" }, after: "P14D", command: "resume" })
  .rows("our_app.refund_requests", { reason: "text" }, ({ event }) =>
    event.type === "order.cancelled" ? [{ reason: event.confidential.reason ?? null }] : []
  )
export const { layer, orders } = ordersUnder(ourProcess)
