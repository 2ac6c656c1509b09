/**
 * Runs on PostgreSQL, one after the other, in a database without orders. Every run has tenants of its own there, since two runs of the
 * same seed make the same ids and lend out the same assets. What comes out is what comes out in memory.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { TenantId } from "../order/Order.ts"
import { layerSchema } from "../postgres/schemaName.ts"
import type { Runner } from "../simulation/compare.ts"
import type { Scenario } from "../simulation/Scenario.ts"
import { simulateOne } from "../simulation/simulate.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { reasonOf } from "./CannotVerify.ts"

export const runOnDatabase = Effect.fnUntraced(function* (url: Redacted.Redacted, pooled: boolean, schema: string) {
  const [connection, orders] = yield* Effect.tryPromise({
    try: () => Promise.all([import("../postgres/PostgresConnection.ts"), import("../postgres/PostgresOrderStore.ts")]),
    catch: (cause) => new CannotSimulate({ message: `the PostgreSQL client cannot be loaded: ${reasonOf(cause)}` })
  })
  const client = connection.layer({ url, pooled, maxConnections: 8, applicationName: "order-lifecycle simulate" })
  const context = yield* Layer.build(Layer.provide(orders.layerMigrated, [client, layerSchema(schema)])).pipe(
    Effect.mapError((error) => new CannotSimulate({ message: `the database: ${reasonOf(error)}` }))
  )
  const tenants = yield* Effect.mapError(
    Context.get(context, OrderRecords).tenantIds(null, 1),
    (error) => new CannotSimulate({ message: `the database: ${reasonOf(error)}` })
  )
  if (tenants.length > 0) {
    return yield* new CannotSimulate({ message: "the database has orders in it: give one that is empty, and that nobody needs" })
  }
  const run: Runner = (job, onProgress) => {
    const place = `.${job.seed}.${job.scenario.policies.findIndex(({ name }) => name === job.policy.name)}`
    return Effect.map(
      simulateOne({
        ...job,
        scenario: withTenants(job.scenario, (tenantId) => TenantId.make(`${tenantId}${place}`)),
        store: Context.get(context, OrderStore),
        ...(onProgress && { onProgress: ({ share }) => Effect.sync(() => onProgress(share)) })
      }),
      ({ figures, ...run }) => {
        const { msByTenant } = figures.calls
        const named = Object.entries(msByTenant).map(([tenantId, ms]) => [tenantId.slice(0, -place.length), ms])
        const calls = { ...figures.calls, msByTenant: Object.fromEntries(named) as typeof msByTenant }
        return { ...run, figures: { ...figures, calls } }
      }
    )
  }
  return run
})

/** The scenario with other names for its tenants, wherever it names them. */
const withTenants = (scenario: Scenario, named: (tenantId: TenantId) => TenantId): Scenario => {
  const { tenants, incidents, arrivals } = scenario
  const [first, ...others] = tenants
  const rename = <A extends { readonly tenant?: TenantId }>(each: A): A =>
    each.tenant === undefined ? each : { ...each, tenant: named(each.tenant) }
  return {
    ...scenario,
    tenants: [{ ...first, id: named(first.id) }, ...others.map((tenant) => ({ ...tenant, id: named(tenant.id) }))],
    incidents: incidents.map((incident) => (incident.type === "demandPeak" ? rename(incident) : incident)),
    arrivals: "recorded" in arrivals ? { recorded: arrivals.recorded.map(rename) } : arrivals
  }
}
