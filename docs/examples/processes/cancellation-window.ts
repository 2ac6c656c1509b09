/** A shop in which customers can cancel within 48 hours, and managers at any time. What a late cancel costs is written down with it. */
import { hoursBetween, orderProcess, type Timestamp } from "order-lifecycle"

const isLate = (placedAt: Timestamp, at: Timestamp) => hoursBetween(placedAt, at) > 48

export const cancellationWindow = orderProcess("cancellation-window", { version: 1 })
  .guard("withinCancellationWindow", {
    before: "cancel",
    holds: ({ order, at, actor }) => actor.role === "manager" || !isLate(order.createdAt, at),
    refusal: {
      code: "CANCELLATION_WINDOW_CLOSED",
      message: "An order can be cancelled within 48 hours.",
      remedy: "Ask a manager to cancel it."
    }
  })
  .rows("shop.late_cancellations", { cancelled_at: "timestamptz", cancelled_by: "text" }, ({ event, after }) =>
    event.type === "order.cancelled" && isLate(after.createdAt, event.at)
      ? [{ cancelled_at: event.at, cancelled_by: event.actor.userId }]
      : []
  )
