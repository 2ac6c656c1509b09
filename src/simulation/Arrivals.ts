/** When customers come, and what they want: by chance, or as it was recorded. */
import type { ContractLength, Sku, TenantId } from "../order/Order.ts"
import { Choice, happens, type Stream, streamOf, unitExponential } from "./randomness.ts"
import type { Incident, RecordedOrder, Scenario } from "./Scenario.ts"

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** Somebody who wants to place an order, at a time (ms since 1970). `number` counts from 0; `fate` is what becomes of this order. */
export interface Arrival {
  readonly at: number
  readonly number: number
  readonly tenantId: TenantId
  readonly items: ReadonlyArray<{
    readonly sku: Sku
    readonly quantity: number
    readonly contractLength?: typeof ContractLength.Type
  }>
  readonly fate: Stream
}

/** All arrivals of a scenario under a seed, oldest first. */
export const arrivalsOf = (scenario: Scenario, seed: number): Generator<Arrival, undefined> =>
  "recorded" in scenario.arrivals ? recorded(scenario, scenario.arrivals.recorded, seed) : random(scenario, seed)

function* recorded(
  { tenants: [first] }: Scenario,
  orders: ReadonlyArray<RecordedOrder>,
  seed: number
): Generator<Arrival, undefined> {
  const inTime = orders.map((order) => ({ ...order, at: Date.parse(order.at) })).toSorted((a, b) => a.at - b.at)
  for (const [number, { at, tenant, items }] of inTime.entries()) {
    yield { at, number, tenantId: tenant ?? first.id, items, fate: streamOf(seed, "order", number) }
  }
}

/** A Poisson process whose rate follows the hours, the days and the incidents: drawn at the highest rate and thinned out to what it is. */
function* random(scenario: Scenario, seed: number): Generator<Arrival, undefined> {
  const chance = streamOf(seed, "arrivals")
  const wishes = wishesOf(scenario)
  const start = Date.parse(scenario.start)
  const end = start + scenario.days * dayMs
  const rate = rateOf(scenario, start)
  let number = 0
  for (let at = start; ;) {
    at += unitExponential(chance) / rate.highest
    if (at >= end) return
    const { tenantId, isTaken } = rate.at(at, chance)
    if (!isTaken) continue
    const fate = streamOf(seed, "order", number)
    yield { at, number, tenantId, items: wishes(fate), fate }
    number++
  }
}

/** Arrivals per ms: the highest there is, and which of those drawn at that rate are real, and whose. */
const rateOf = ({ arrivals, tenants, incidents }: Scenario, start: number) => {
  const { perDay, hourly, weekly } = "perDay" in arrivals ? arrivals : { perDay: 0 }
  const hours = relative(hourly ?? [1])
  const days = relative(weekly ?? [1])
  const peaks = incidents.filter((incident) => incident.type === "demandPeak")
  const shares = tenants.reduce((sum, { share }) => sum + share, 0)
  const factorOf = (tenantId: TenantId, at: number) =>
    peaks.reduce((factor, peak) => (isDuring(peak, at, start) && isOf(peak, tenantId) ? factor * peak.factor : factor), 1)
  // However peaks overlap, no tenant ever gets more than all of them together.
  const most = peaks.reduce((product, { factor }) => product * Math.max(1, factor), 1)
  const highest = (perDay / dayMs) * Math.max(...hours) * Math.max(...days) * most
  /** How many times as many orders as on average a tenant places at a time. */
  const weightOf = (tenantId: TenantId, at: number) => {
    const hour = hours[Math.floor(at / hourMs) % hours.length] ?? 1
    // Weeks begin on Monday, and the first day of 1970 was a Thursday.
    const day = days[(Math.floor(at / dayMs) + 3) % days.length] ?? 1
    return hour * day * factorOf(tenantId, at)
  }
  const whose = new Choice(tenants.map((each) => [each, each.share / shares] as const))
  return {
    highest,
    at: (at: number, chance: Stream) => {
      const tenant = whose.draw(chance)
      const share = weightOf(tenant.id, at) / (Math.max(...hours) * Math.max(...days) * most)
      return { tenantId: tenant.id, isTaken: happens(share, chance) }
    },
    /** How many times as many orders as on average all tenants together place. */
    weightAt: (at: number) => tenants.reduce((sum, { id, share }) => sum + share * weightOf(id, at), 0) / shares
  }
}

/** How many orders customers want to place, on average over all seeds. The rate is looked at about every five minutes. */
export const expectedOrders = (scenario: Scenario): number => {
  const { arrivals, days } = scenario
  if ("recorded" in arrivals) return arrivals.recorded.length
  const start = Date.parse(scenario.start)
  const { weightAt } = rateOf(scenario, start)
  const looks = Math.ceil(days * 288)
  let weights = 0
  for (let look = 0; look < looks; look++) weights += weightAt(start + ((look + 0.5) / looks) * days * dayMs)
  return arrivals.perDay * days * (weights / looks)
}

/** Weights, with their mean as 1. */
const relative = (weights: ReadonlyArray<number>): ReadonlyArray<number> => {
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
  return weights.map((weight) => (mean === 0 ? 0 : weight / mean))
}

const isOf = ({ tenant }: { readonly tenant?: TenantId }, tenantId: TenantId) => tenant === undefined || tenant === tenantId

/** Whether an incident is going on at a time. */
export const isDuring = (incident: Pick<Incident, "atDay"> & { readonly hours: number }, at: number, start: number): boolean => {
  const from = start + incident.atDay * dayMs
  return at >= from && at < from + incident.hours * hourMs
}

/** What an order is for, by its fate. The same SKU twice is asked for once. */
const wishesOf = ({ catalogue, order }: Scenario) => {
  const products = new Choice(catalogue.map((product) => [product.sku, product.weight] as const))
  const lines = new Choice(weightsOf(order.lines))
  const quantities = new Choice(weightsOf(order.quantity))
  return (fate: Stream): Arrival["items"] => {
    const wanted = new Map<Sku, number>()
    for (let left = lines.draw(fate); left > 0; left--) wanted.set(products.draw(fate), quantities.draw(fate))
    return [...wanted].map(([sku, quantity]) => ({ sku, quantity }))
  }
}

const weightsOf = (weights: Readonly<Record<string, number>>) =>
  Object.entries(weights).map(([number, weight]) => [Number(number), weight] as const)
