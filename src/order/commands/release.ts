import * as Schema from "effect/Schema"
import { finalRefusal, mayBeReplayed, wrongMember } from "../commonRefusals.ts"
import { type Order, OrderId } from "../Order.ts"
import { nothing, orderEvent, type Released } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { releaseUnits } from "../Units.ts"
import { maxReasonLength, ReasonCode } from "./cancel.ts"
import { defineCommand } from "./defineCommand.ts"

/** A line by its position in `items`, from 0. */
const LinePosition = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const ReleaseItem = Schema.Struct({
  line: LinePosition,
  quantity: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
})

const namesEachLineOnce = Schema.makeFilter<ReadonlyArray<typeof ReleaseItem.Type>>((items) => {
  const seen = new Set<number>()
  for (const [index, { line }] of items.entries()) {
    if (seen.has(line)) return { path: [index, "line"], issue: "must not be named twice" }
    seen.add(line)
  }
  return true
})

/** Give held units back without cancelling the order: so many of each line named, or, without `items`, all that are held. */
export const ReleaseUnits = Schema.Struct({
  items: Schema.optionalKey(Schema.Array(ReleaseItem).check(Schema.isMinLength(1), namesEachLineOnce)),
  reason: Schema.optionalKey(textUpTo(maxReasonLength)),
  reasonCode: Schema.optionalKey(ReasonCode)
})
export type ReleaseUnits = typeof ReleaseUnits.Type

export const ItemsReleased = orderEvent(
  "order.items_released",
  "Held units were given back, and the order goes on without them.",
  {
    details: Schema.Struct({ reasonCode: Schema.optionalKey(Schema.String) }),
    confidential: Schema.Struct({ reason: Schema.optionalKey(Text) })
  }
)

// --- refusals --------------------------------------------------------------------------------------------------------------------------

export class NothingHeld extends Schema.TaggedError<NothingHeld>()("NothingHeld", { ...mayBeReplayed, orderId: OrderId }) {
  static readonly when = "No unit of the order is held any more: each has or had a subscription, or was released."
  readonly code = "NOTHING_HELD"
  readonly remedy = "There is nothing to release. To take a rented device back, end its subscription."
  override get message() {
    return "The order holds no unit."
  }
}

export class NotHeld extends Schema.TaggedError<NotHeld>()("NotHeld", {
  ...mayBeReplayed,
  orderId: OrderId,
  /** Each line that holds less than was named, by its position from 0, with what it holds. */
  lines: Schema.NonEmptyArray(Schema.Struct({ line: Schema.Int, named: Schema.Int, held: Schema.Int }))
}) {
  static readonly when = "A line holds fewer units than the request names. `lines` says how many each holds."
  readonly code = "NOT_HELD"
  readonly remedy =
    "Release at most what each line holds, or leave `items` out to release all that is held. To take a rented device back, end its subscription."
  override get message() {
    return this.lines.map(({ line, named, held }) => `Line ${line} holds ${held}, and ${named} were named.`).join(" ")
  }
}

export class NothingWouldRemain extends Schema.TaggedError<NothingWouldRemain>()("NothingWouldRemain", {
  ...mayBeReplayed,
  orderId: OrderId
}) {
  static readonly when = "No subscription was started yet, and the release would leave the order without a unit."
  readonly code = "NOTHING_WOULD_REMAIN"
  readonly remedy = "Cancel the order instead."
  override get message() {
    return "The release would leave nothing of the order."
  }
}

// --- the decision ----------------------------------------------------------------------------------------------------------------------

/** What the machine is asked. */
export interface Question {
  readonly type: "release"
  /** Every line that is named is a line of the order. */
  readonly linesExist: boolean
  /** Every line holds what is named of it. */
  readonly isHeld: boolean
  /** How many units are to be released, over all lines. */
  readonly quantity: number
  /** Whether the order holds more than that. */
  readonly leavesSome: boolean
}

type Command = Pick<ReleaseUnits, "items">

/** What is named, or all that is held; by line. */
const namedIn = (order: Order, { items }: Command): ReadonlyArray<typeof ReleaseItem.Type> =>
  items?.toSorted((a, b) => a.line - b.line) ??
  order.lines.flatMap(({ units }, line) => (units.held > 0 ? [{ line, quantity: units.held }] : []))

const heldOn = (order: Order, line: number): number => order.lines[line]?.units.held ?? 0

const questionOf = (order: Order, command: Command): Question => {
  const named = namedIn(order, command)
  const quantity = named.reduce((sum, item) => sum + item.quantity, 0)
  return {
    type: "release",
    linesExist: named.every(({ line }) => line < order.lines.length),
    isHeld: named.every((item) => item.quantity <= heldOn(order, item.line)),
    quantity,
    leavesSome: quantity < order.lines.reduce((sum, { units }) => sum + units.held, 0)
  }
}

/** Source: whole-life.md, section 3. */
export const release = defineCommand({
  name: "release",
  description: "Gives held units back without cancelling the order.",
  request: ReleaseUnits,
  target: "order",
  rents: undefined,
  event: ItemsReleased,
  errors: [NothingHeld, NotHeld, NothingWouldRemain]
})({
  question: questionOf,
  commandOf: (_, { released, details, confidential }) => ({
    type: "release",
    items: released.map(({ line, quantity }) => ({ line, quantity })),
    ...details,
    ...confidential
  }),
  facts: {
    linesExist: ({ linesExist }) => linesExist,
    unitsAreHeld: ({ isHeld }) => isHeld,
    leavesHeldUnits: ({ leavesSome }) => leavesSome
  },
  refusals: {
    ALREADY_CANCELLED: ({ order }) => finalRefusal(order),
    VALIDATION_ERROR: ({ order, command: { items = [] } }) => {
      const index = Math.max(
        0,
        items.findIndex(({ line }) => line >= order.lines.length)
      )
      return wrongMember(`items[${index}].line`, `must be a line of the order: 0 to ${order.lines.length - 1}`)
    },
    NOTHING_HELD: ({ order: { orderId } }) => new NothingHeld({ orderId }),
    NOT_HELD: ({ order, command }) => {
      const lines = namedIn(order, command).flatMap(({ line, quantity: named }) => {
        const held = heldOn(order, line)
        return named > held ? [{ line, named, held }] : []
      })
      const [first, ...others] = lines
      return first && new NotHeld({ orderId: order.orderId, lines: [first, ...others] })
    },
    NOTHING_WOULD_REMAIN: ({ order: { orderId } }) => new NothingWouldRemain({ orderId })
  },
  releases: (order, command) =>
    namedIn(order, command).flatMap(({ line, quantity }): ReadonlyArray<Released> => {
      const sku = order.lines[line]?.sku
      return sku === undefined ? [] : [{ line, sku, quantity }]
    }),
  record: (_, { reason, reasonCode }) => ({
    details: reasonCode === undefined ? nothing : { reasonCode },
    confidential: reason === undefined ? nothing : { reason }
  }),
  evolve: (order, event) => {
    const quantities = new Map(event.released.map(({ line, quantity }) => [line, quantity]))
    return {
      ...order,
      version: event.sequence,
      status: event.to,
      updatedAt: event.at,
      lines: order.lines.map((line, position) => {
        const quantity = quantities.get(position)
        return quantity === undefined ? line : { ...line, units: releaseUnits(line.units, quantity) }
      })
    }
  },
  sample: (order) => {
    const line = order.lines.findIndex(({ units }) => units.held > 0)
    return { type: "release", ...(line >= 0 && { items: [{ line, quantity: 1 }] }) }
  }
})
