/** The shop of the test kit, and orders and serial numbers for tests in it. */
import * as Effect from "effect/Effect"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { SerialNumber } from "../../src/order/Order.ts"
import { laptop, requestFor } from "../../src/testing/shop.ts"

export { laptop, monitor, newCaller, requestFor, retired, shopOver } from "../../src/testing/shop.ts"

/** An order of so many laptops, confirmed. */
export const confirmedOrder = Effect.fnUntraced(function* (caller: Caller, quantity = 2) {
  const lifecycle = yield* OrderLifecycle
  const { after } = yield* lifecycle.place(caller, requestFor([laptop, quantity]))
  return (yield* lifecycle.confirm(caller, after.orderId)).after
})

let serials = 0

/** A serial number that no other test uses. */
export const newSerial = (): SerialNumber => SerialNumber.make(`SN-${process.pid}-${++serials}`)
