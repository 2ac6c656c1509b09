/** A scenario with more or fewer orders, and the same character: hands, assets and the store grow and shrink with the orders. */
import { expectedOrders } from "./Arrivals.ts"
import type { Distribution } from "./randomness.ts"
import type { Policy, Scenario } from "./Scenario.ts"

/**
 * The scenario with so many orders to be expected in all. There are only whole assets and connections: both are rounded, and at least one
 * is left. What connections cannot follow, the latency does, so that the store is as busy as before. Recorded orders are as many as they
 * are: such a scenario stays as it is.
 */
export const scaledTo = (scenario: Scenario, orders: number): Scenario => {
  const { arrivals, catalogue, fulfilment, store, policies } = scenario
  if ("recorded" in arrivals) return scenario
  const factor = orders / expectedOrders(scenario)
  const whole = (count: number) => (count === 0 ? 0 : Math.max(1, Math.round(count * factor)))
  const scaled = (policy: Policy): Policy =>
    policy.unitsPerDay === undefined ? policy : { ...policy, unitsPerDay: policy.unitsPerDay * factor }
  const [first, ...others] = catalogue
  const [baseline, ...otherPolicies] = policies
  return {
    ...scenario,
    arrivals: { ...arrivals, perDay: arrivals.perDay * factor },
    catalogue: [{ ...first, assets: whole(first.assets) }, ...others.map((each) => ({ ...each, assets: whole(each.assets) }))],
    fulfilment: { ...fulfilment, unitsPerDay: fulfilment.unitsPerDay * factor },
    store: {
      latencyMs: times(store.latencyMs, whole(store.connections) / (store.connections * factor)),
      connections: whole(store.connections),
      sharesStatements: store.sharesStatements
    },
    policies: [scaled(baseline), ...otherPolicies.map(scaled)]
  }
}

const times = (distribution: Distribution, factor: number): Distribution => {
  if ("constant" in distribution) return { constant: distribution.constant * factor }
  if ("uniform" in distribution) {
    const { min, max } = distribution.uniform
    return { uniform: { min: min * factor, max: max * factor } }
  }
  if ("exponential" in distribution) return { exponential: { mean: distribution.exponential.mean * factor } }
  return { logNormal: { ...distribution.logNormal, median: distribution.logNormal.median * factor } }
}
