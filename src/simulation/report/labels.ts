/**
 * What each figure is called, in which unit it is, and which way is better: the one catalogue that every kind of report reads.
 *
 * The compiler holds it complete: a figure that is added to `Figures` is an error here until it has a label.
 */
import type { Durations, Figures } from "../Metrics.ts"

/** What a figure counts. A `share` is kept from 0 to 1 and shown in per cent. */
export type Unit =
  | "orders"
  | "units"
  | "unit days"
  | "subscriptions"
  | "hours"
  | "cases"
  | "calls"
  | "commits"
  | "events"
  | "ms"
  | "share"

/** The headings, in the order in which a reader wants them. */
export const groups = [
  "Orders",
  "Units",
  "Subscriptions",
  "Time of an order",
  "Assets in use",
  "Calls",
  "Cancels refused, by guard",
  "Refusals, by command and code",
  "Time of a call",
  "Time of a call, by tenant"
] as const

/** What a figure is called where people read it, where it stands, and in which unit. */
export interface Label {
  /** The heading that the figure stands under. */
  readonly group: (typeof groups)[number]
  /** Its place under the heading; the names of equal places are in alphabetical order. */
  readonly place: number
  readonly text: string
  readonly unit: Unit
  /** Left out where more is neither good nor bad in itself. */
  readonly better?: "more" | "less"
  /** One of the figures that a summary shows; every other is in the complete table only. */
  readonly isMain?: true
}

type Part = Omit<Label, "group" | "place">

const orders: Record<keyof Figures["orders"], Part> = {
  placed: { text: "orders placed", unit: "orders", isMain: true },
  confirmed: { text: "orders confirmed", unit: "orders", isMain: true },
  fulfilled: { text: "orders fulfilled", unit: "orders", better: "more", isMain: true },
  cancelled: { text: "orders cancelled", unit: "orders", isMain: true },
  notOffered: { text: "orders not placed, SKU not offered", unit: "orders", better: "less" }
}

const units: Record<keyof Figures["units"], Part> = {
  ordered: { text: "units ordered", unit: "units" },
  subscriptionsStarted: { text: "subscriptions started", unit: "subscriptions", better: "more", isMain: true },
  subscriptionsEnded: { text: "subscriptions ended", unit: "subscriptions" },
  released: { text: "units released", unit: "units", isMain: true },
  heldDays: { text: "units held idle", unit: "unit days", better: "less", isMain: true },
  backOrdered: { text: "units back-ordered", unit: "units", better: "less", isMain: true }
}

const subscriptions: Record<keyof Figures["subscriptions"], Part> = {
  extended: { text: "contracts extended", unit: "subscriptions", isMain: true },
  renewed: { text: "contracts renewed by themselves", unit: "subscriptions", isMain: true },
  replaced: { text: "assets replaced", unit: "subscriptions", isMain: true },
  upgraded: { text: "subscriptions upgraded", unit: "subscriptions", isMain: true },
  cancelled: { text: "subscriptions cancelled", unit: "subscriptions" },
  returned: { text: "subscriptions ended by an early return", unit: "subscriptions", isMain: true },
  boughtOut: { text: "subscriptions ended by a buyout", unit: "subscriptions", isMain: true },
  completed: { text: "subscriptions ended with their contract", unit: "subscriptions", isMain: true }
}

const hours: Record<keyof Figures["hours"], Part> = {
  toConfirm: { text: "placed to confirmed", unit: "hours", better: "less", isMain: true },
  toFulfil: { text: "placed to fulfilled", unit: "hours", better: "less", isMain: true },
  toCancel: { text: "placed to cancelled", unit: "hours", isMain: true },
  held: { text: "a unit held idle", unit: "hours", better: "less" },
  backOrdered: { text: "a unit back-ordered", unit: "hours", better: "less" }
}

const calls: Record<Exclude<keyof Figures["calls"], "refusals" | "cancelsBlockedBy" | "ms" | "msByTenant">, Part> = {
  made: { text: "calls made", unit: "calls" },
  accepted: { text: "calls accepted", unit: "calls" },
  refused: { text: "calls refused", unit: "calls", better: "less", isMain: true },
  unavailable: { text: "calls failed, nothing done", unit: "calls", better: "less", isMain: true },
  unknown: { text: "calls of unknown outcome", unit: "calls", better: "less", isMain: true },
  lostRaces: { text: "races lost, decided again", unit: "commits", better: "less", isMain: true }
}

const utilisation: Record<keyof Figures["utilisation"][string], Part> = {
  mean: { text: "rented, on average", unit: "share", better: "more", isMain: true },
  peak: { text: "rented, at most", unit: "share" }
}

const aCall: Part = { text: "a call, sent to known", unit: "ms", better: "less", isMain: true }

const durations: Record<keyof Durations, string> = {
  count: "cases",
  mean: "mean",
  p50: "median",
  p90: "90 % within",
  p99: "99 % within",
  max: "longest"
}

/** The label of a figure by its name, such as `hours.toConfirm.p50`; null for a name that no figure has. */
export const labelOf = (name: string): Label | null => {
  const [first = "", second = "", ...others] = name.split(".")
  const last = others.at(-1) ?? second
  const rest = [second, ...others].join(".")
  // SKUs and tenants may have dots in their names, so what stands before the last part is taken as one.
  const before = (parts: ReadonlyArray<string>) => parts.slice(0, -1).join(".")
  switch (first === "calls" && others.length > 0 ? `calls.${second}` : first) {
    case "orders":
      return find("Orders", orders, rest)
    case "units":
      return find("Units", units, rest)
    case "subscriptions":
      return find("Subscriptions", subscriptions, rest)
    case "hours":
      return duration(find("Time of an order", hours, second), last)
    case "utilisation":
      return under(before([second, ...others]), find("Assets in use", utilisation, last))
    case "calls":
      return find("Calls", calls, rest)
    case "events":
      return { group: "Calls", place: Infinity, text: "events written", unit: "events" }
    case "calls.cancelsBlockedBy":
      return { group: "Cancels refused, by guard", place: 0, text: `refused by ${others.join(".")}`, unit: "calls", isMain: true }
    case "calls.refusals":
      return { group: "Refusals, by command and code", place: 0, text: others.join(": "), unit: "calls" }
    case "calls.ms":
      return duration({ group: "Time of a call", place: 0, ...aCall }, last)
    case "calls.msByTenant": {
      const { isMain: _, ...part } = aCall
      return under(
        before(others),
        duration({ group: "Time of a call, by tenant", place: 0, ...part, text: "sent to known" }, last)
      )
    }
    default:
      return null
  }
}

const find = (group: Label["group"], parts: Readonly<Record<string, Part>>, key: string): Label | null => {
  const part = Object.hasOwn(parts, key) ? parts[key] : undefined
  return part === undefined ? null : { group, place: Object.keys(parts).indexOf(key), ...part }
}

/** One figure of some durations. How many cases there were is neither good nor bad, and a summary shows the quantiles. */
const duration = (of: Label | null, key: string): Label | null => {
  if (of === null || !Object.hasOwn(durations, key)) return null
  const { better, isMain, ...label } = of
  const keys = Object.keys(durations)
  return {
    ...label,
    place: of.place * keys.length + keys.indexOf(key),
    text: `${of.text}, ${durations[key as keyof Durations]}`,
    ...(key === "count" && { unit: "cases" as const }),
    ...(better && key !== "count" && { better }),
    ...(isMain && key.startsWith("p") && { isMain })
  }
}

const under = (name: string, label: Label | null): Label | null => label && { ...label, text: `${name} ${label.text}` }

/** The unit as it stands behind a number or on an axis. */
export const nameOf = (unit: Unit): string => (unit === "share" ? "%" : unit)
