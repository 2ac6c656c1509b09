/** The state of the page: one journey, what was undone of it, and what follows from both. */
import { computed, shallowRef } from "vue"
import { isOwnEvent, type LibraryEvent } from "../../../src/order/AuditEvent.ts"
import { isActive, SerialNumber, SubscriptionId } from "../../../src/order/Order.ts"
import { definitionByKind } from "../../../src/order/commands/definitions.ts"
import type { CancellationPolicy } from "../../../src/order/policies/index.ts"
import { examples } from "./examples.ts"
import type { History } from "./history.ts"
import { ask, type Asked, foresee, type Journey, type Origin, play, type Played, sampledTypes } from "./journey.ts"

/** An arrow of the diagram: from a status (null before the order is placed), by a command, to a status. */
export interface Arrow {
  readonly from: string | null
  readonly command: string
  readonly to: string
}

/** The command that an event records. */
const commandOfEvent = ({ type }: LibraryEvent): string =>
  type === "order.placed" ? "place" : (definitionByKind.get(type)?.name ?? type)

/** The arrow of the last step, unless it was refused. */
const arrowTaken = ({ events, answers }: Played): Arrow | null => {
  const event = events.at(-1)?.event
  const answer = answers.at(-1)
  if (event === undefined || isOwnEvent(event) || (answer && "refusal" in answer)) return null
  return { from: event.from, command: commandOfEvent(event), to: event.to }
}

/** The arrows that a command of the right kind would take now. */
const arrowsOpen = (played: Played): ReadonlyArray<Arrow> => {
  const { order } = played
  if (order === null) return []
  const line = order.lines.find(({ units }) => units.held > 0)
  const active = order.subscriptions.find(isActive)
  const tries: Array<Asked> = [{ type: "confirm" }, { type: "cancel" }]
  if (line) {
    const serialNumber = SerialNumber.make("a free one")
    tries.push({ type: "startSubscription", sku: line.sku, serialNumber, asset: "free", customer: "of the order" })
  }
  if (active) tries.push({ type: "cancelSubscription", subscriptionId: active.subscriptionId, reason: "other" })
  const { subscriptionId } = active ?? { subscriptionId: SubscriptionId.make("none") }
  tries.push(...sampledTypes.map((type): Asked => ({ type, subscriptionId })))
  return tries.flatMap((asked) => {
    const plan = foresee(played, asked)?.plan
    return plan ? [{ from: order.status, command: asked.type, to: plan.status }] : []
  })
}

export const useJourney = () => {
  const journey = shallowRef<Journey>(examples["Two e-bikes, just placed"])
  const undone = shallowRef<ReadonlyArray<Asked>>([])
  /** The event that is tampered with. */
  const altered = shallowRef<number | null>(null)

  const played = computed(() => play(journey.value))
  const origin = computed(() => journey.value.origin)
  const pasted = computed(() => ("history" in origin.value ? origin.value : null))
  const items = computed(() => ("items" in origin.value ? origin.value.items : null))

  const go = (next: Journey, later: ReadonlyArray<Asked> = []) => {
    journey.value = next
    undone.value = later
    altered.value = null
  }
  const from = (next: Origin) => go({ ...journey.value, origin: next }, undone.value)

  /** Show a pasted history up to one of its events; what was asked after it is left behind. */
  const show = (shown: number) => {
    if (pasted.value) go({ ...journey.value, origin: { ...pasted.value, shown }, asked: [] })
  }

  const shownOfPasted = computed(() => pasted.value?.shown ?? 0)
  const canGoBack = computed(() => journey.value.asked.length > 0 || shownOfPasted.value > 1)
  const canGoOn = computed(
    () =>
      undone.value.length > 0 || (journey.value.asked.length === 0 && shownOfPasted.value < (pasted.value?.history.length ?? 0))
  )

  return {
    journey,
    played,
    items,
    pasted,
    go,
    give: (asked: Asked) => go(ask(journey.value, asked)),
    orderItems: (changed: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>) => from({ items: changed }),
    choosePolicy: (policy: CancellationPolicy) => go({ ...journey.value, policy }, undone.value),
    replay: (history: History) => go({ ...journey.value, origin: { history, shown: 1 }, asked: [] }),
    show,
    canGoBack,
    canGoOn,
    back: () => {
      const last = journey.value.asked.at(-1)
      if (last === undefined) show(shownOfPasted.value - 1)
      else go({ ...journey.value, asked: journey.value.asked.slice(0, -1) }, [last, ...undone.value])
    },
    forth: () => {
      const [next, ...later] = undone.value
      if (next === undefined) show(shownOfPasted.value + 1)
      else go(ask(journey.value, next), later)
    },
    taken: computed(() => arrowTaken(played.value)),
    open: computed(() => arrowsOpen(played.value)),
    /** Change the newest event behind the chain's back, or put it right again. */
    tamper: () => {
      altered.value = altered.value === null ? (played.value.order?.version ?? null) : null
    },
    altered
  }
}
