/** Calls that get in each other's way, and every way to mix them. */
import { plainCommands } from "../order/commands/definitions.ts"
import type { CommandType, PlainCommand } from "../order/commands/index.ts"
import type { Mix } from "./exploreSchedules.ts"
import type { OrderCall } from "./OrderCall.ts"

/** What comes before: an order that is as the name says, and a second one like it if there is to be one. */
export const openings = {
  pending: (withSecond: boolean): ReadonlyArray<OrderCall> => [
    { type: "place", quantity: 2 },
    ...(withSecond ? [{ type: "place", quantity: 1 } as const] : [])
  ],
  confirmed: (withSecond: boolean): ReadonlyArray<OrderCall> => [
    ...openings.pending(withSecond),
    { type: "confirm", order: 0 },
    ...(withSecond ? [{ type: "confirm", order: 1 } as const] : [])
  ],
  rented: (withSecond: boolean): ReadonlyArray<OrderCall> => [
    ...openings.confirmed(withSecond),
    { type: "startSubscription", order: 0, serial: "rented before" }
  ],
  returned: (withSecond: boolean): ReadonlyArray<OrderCall> => [
    ...openings.rented(withSecond),
    { type: "cancelSubscription", order: 0, rental: 0 }
  ]
}

/** The names of the openings, to go through them or to draw one. */
export const openingNames = ["pending", "confirmed", "rented", "returned"] as const

/** A call of each kind that needs more than its order, and of some kinds several: for the same asset and another, with a key and without. */
const contending = {
  startSubscription: [
    { type: "startSubscription", order: 0, serial: "A" },
    { type: "startSubscription", order: 0, serial: "B" },
    { type: "startSubscription", order: 1, serial: "A" }
  ],
  cancelSubscription: [{ type: "cancelSubscription", order: 0, rental: 0 }],
  returnSubscription: [{ type: "returnSubscription", order: 0, rental: 0 }],
  buyOutSubscription: [{ type: "buyOutSubscription", order: 0, rental: 0 }],
  completeSubscription: [{ type: "completeSubscription", order: 0, rental: 0 }],
  extendSubscription: [{ type: "extendSubscription", order: 0, rental: 0 }],
  upgradeSubscription: [{ type: "upgradeSubscription", order: 0, rental: 0, serial: "A" }],
  replaceAsset: [{ type: "replaceAsset", order: 0, rental: 0, serial: "A" }],
  release: [
    { type: "release", order: 0 },
    { type: "release", order: 0, quantity: 1 }
  ],
  addItems: [{ type: "addItems", order: 0, quantity: 1 }],
  correct: [{ type: "correct", order: 0, lastName: "Byron" }],
  recordPayment: [{ type: "recordPayment", order: 0, status: "paid" }],
  cancel: [
    { type: "cancel", order: 0, reason: "alone" },
    { type: "cancel", order: 0, reason: "with a key", key: "K" }
  ],
  cancelMany: [{ type: "cancelMany", orders: [0, 1], reason: "together" }],
  place: [{ type: "place", quantity: 1, key: "K" }]
} satisfies {
  readonly [Type in Exclude<CommandType, PlainCommand> | "cancelMany" | "place"]: readonly [
    OrderCall & { type: Type },
    ...ReadonlyArray<OrderCall & { type: Type }>
  ]
}

/** Calls that get in each other's way: every command is among them. */
export const contendingCalls: ReadonlyArray<OrderCall> = [
  ...plainCommands.map((type): OrderCall => ({ type, order: 0 })),
  ...Object.values(contending).flat()
]

/** Whether a call is about more than the first order. */
export const isAcrossOrders = (call: OrderCall): boolean =>
  ("order" in call && call.order === 1) || call.type === "cancelMany" || call.type === "place"

/** Calls after an opening. The second order is there only where a call is about it: it would be made and audited for nothing. */
export const mixOf = (opening: keyof typeof openings, calls: ReadonlyArray<OrderCall>): Mix => ({
  before: openings[opening](calls.some((call) => isAcrossOrders(call) && call.type !== "place")),
  calls
})

/** Every choice of `howMany` of the calls, a call with itself too, after each opening. */
export const mixesOf = (howMany: number, among: ReadonlyArray<OrderCall> = contendingCalls): ReadonlyArray<Mix> =>
  openingNames.flatMap((opening) => choicesOf(howMany, among).map((calls) => mixOf(opening, calls)))

const choicesOf = (howMany: number, among: ReadonlyArray<OrderCall>): ReadonlyArray<ReadonlyArray<OrderCall>> =>
  howMany === 0 ? [[]] : among.flatMap((call, n) => choicesOf(howMany - 1, among.slice(n)).map((others) => [call, ...others]))
