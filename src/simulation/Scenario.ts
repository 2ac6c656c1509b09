/**
 * A scenario: a made-up world in words and figures. A plain object, or the same as a JSON file.
 *
 * Every part has a default, so that a scenario says only what is special about it. Units stand in the names of the fields.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { DurationText } from "../order/durationText.ts"
import { contractEndings } from "../order/contractEnds.ts"
import { ContractLength, inEachStatus, Quantity, Sku, TenantId } from "../order/Order.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { inputFaults } from "../order/readInput.ts"
import { type InputFault, InvalidInput } from "../order/commonRefusals.ts"
import { JsonObject, NonEmptyText, Text } from "../order/Text.ts"
import { Timestamp } from "../order/Timestamp.ts"
import { Faults } from "./Faults.ts"
import { Distribution } from "./randomness.ts"

const NonNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Positive = Schema.Finite.check(Schema.isGreaterThan(0))
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const orElse = <S extends Schema.Constraint>(schema: S, value: NoInfer<S["Encoded"]>) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

/** What the shop sells. `weight`: how often it is asked for, beside the others. `assets`: how many there are to rent out. */
const Product = Schema.Struct({
  sku: Sku,
  /** For how long it is rented. */
  contractMonths: orElse(ContractLength, 12),
  /** The SKU that a customer who wants something better gets instead. Left out: there is nothing better. */
  upgradeTo: Schema.optionalKey(Sku),
  /** The SKU under which a device is rented out again when it has come back (second-hand stock). Left out: as what it was. */
  secondHandAs: Schema.optionalKey(Sku),
  /** Minor units per month. */
  monthlyPrice: orElse(Count, 4_900),
  currency: orElse(CurrencyForNewAmounts, "EUR"),
  weight: orElse(Positive, 1),
  assets: orElse(Count, 500)
})

/** Orders come by chance (Poisson), more of them at some hours of the day and on some days of the week. */
const RandomArrivals = Schema.Struct({
  perDay: Positive,
  /** Weights of the 24 hours from midnight (UTC); the mean of them counts as 1. */
  hourly: Schema.optionalKey(Schema.Array(NonNegative).check(Schema.isMinLength(24), Schema.isMaxLength(24))),
  /** Weights of the days from Monday to Sunday. */
  weekly: Schema.optionalKey(Schema.Array(NonNegative).check(Schema.isMinLength(7), Schema.isMaxLength(7)))
})

/** An order that was really placed, to be placed again. */
export const RecordedOrder = Schema.Struct({
  at: Timestamp,
  tenant: Schema.optionalKey(TenantId),
  items: Schema.NonEmptyArray(Schema.Struct({ sku: Sku, quantity: Quantity, contractLength: Schema.optionalKey(ContractLength) }))
})
export type RecordedOrder = typeof RecordedOrder.Type

/** How likely each number is, by weight: `{ "1": 3, "2": 1 }`. */
const NumberWeights = Schema.Record(Schema.String.check(Schema.isPattern(/^[1-9]\d{0,3}$/)), NonNegative)

/** From this age of a status on (days), so many cancel per day, of each one that is left. */
const Hazard = Schema.Struct({ fromDay: orElse(NonNegative, 0), perDay: NonNegative })
const Hazards = Schema.Array(Hazard)

/** What customers still change about an order after placing it, and what staff note. */
const Changes = Schema.Struct({
  /** Share of orders to which a line is added, while nothing of it has left. */
  addItems: orElse(Share, 0),
  /** Share of orders whose address is corrected, and of those of which a payment is recorded. */
  correct: orElse(Share, 0),
  recordPayment: orElse(Share, 0),
  /** How long after the order each of these comes. */
  delayHours: orElse(Distribution, { exponential: { mean: 4 } }),
  /** By status and by how long the order has been in it: what of it is still held is given back. */
  release: orElse(Schema.Struct(inEachStatus(() => orElse(Hazards, []))), {})
})

/** What can be different from policy to policy. Left out: as in the scenario. */
export const Policy = Schema.Struct({
  name: NonEmptyText,
  cancellationPolicy: Schema.optionalKey(Schema.Literals(cancellationPolicyNames)),
  confirmationDelayHours: Schema.optionalKey(Distribution),
  pendingExpiresAfter: Schema.optionalKey(DurationText),
  whenContractEnds: Schema.optionalKey(Schema.Literals(contractEndings)),
  unitsPerDay: Schema.optionalKey(Positive),
  /** The pool of assets, times this. */
  assetFactor: Schema.optionalKey(NonNegative)
})
export type Policy = typeof Policy.Type

/** A command of the process, given to a share of the orders that come into a status, so long afterwards, as far as they are still in it. */
const OwnCommandGiven = Schema.Struct({
  command: NonEmptyText,
  payload: orElse(JsonObject, {}),
  status: NonEmptyText,
  share: orElse(Share, 1),
  delayHours: orElse(Distribution, { exponential: { mean: 4 } })
})

/** Something that happens to the world at a time. `atDay` counts from the start. */
export const Incident = Schema.Union([
  /** So many times as many orders as usual; of one tenant, or of all. */
  Schema.Struct({
    type: Schema.tag("demandPeak"),
    atDay: NonNegative,
    hours: Positive,
    factor: Positive,
    tenant: Schema.optionalKey(TenantId)
  }),
  /** The supplier cannot deliver: staff cancel every open order for the SKU (`cancelMany`), and it is not offered any more for so long. */
  Schema.Struct({ type: Schema.tag("supplierShortage"), atDay: NonNegative, sku: Sku, hours: orElse(NonNegative, 0) }),
  /** Nobody can pay, so nothing is confirmed. Afterwards everything that waited is confirmed at once. */
  Schema.Struct({ type: Schema.tag("paymentOutage"), atDay: NonNegative, hours: Positive }),
  /** The store answers nothing, or only now and then. */
  Schema.Struct({ type: Schema.tag("storeOutage"), atDay: NonNegative, hours: Positive, share: orElse(Share, 1) })
])
export type Incident = typeof Incident.Type

export const Scenario = Schema.Struct({
  name: NonEmptyText,
  description: orElse(Text, ""),
  start: orElse(Timestamp, "2026-01-05T00:00:00.000Z"),
  /** How long orders arrive, and how long the world is watched. */
  days: orElse(Positive, 28),
  /** `share` of all orders. */
  tenants: orElse(Schema.NonEmptyArray(Schema.Struct({ id: TenantId, share: orElse(Positive, 1) })), [{ id: "shop" }]),
  catalogue: orElse(Schema.NonEmptyArray(Product), [
    { sku: "LAPTOP", monthlyPrice: 8_900, weight: 3, assets: 600 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 400 },
    { sku: "MONITOR", monthlyPrice: 1_900, weight: 1, assets: 300 }
  ]),
  arrivals: orElse(Schema.Union([RandomArrivals, Schema.Struct({ recorded: Schema.Array(RecordedOrder) })]), { perDay: 100 }),
  order: orElse(
    Schema.Struct({ lines: orElse(NumberWeights, { 1: 4, 2: 1 }), quantity: orElse(NumberWeights, { 1: 6, 2: 3, 5: 1 }) }),
    {}
  ),
  confirmation: orElse(Schema.Struct({ delayHours: orElse(Distribution, { exponential: { mean: 4 } }) }), {}),
  /** Orders that are pending for so long are cancelled by the services: an ISO 8601 duration such as `P2D`. Left out: they stay. */
  pendingExpiresAfter: Schema.optionalKey(DurationText),
  /** What the services do when a contract ends: nothing (`require_action`) where it is left out. */
  whenContractEnds: Schema.optionalKey(Schema.Literals(contractEndings)),
  changes: orElse(Changes, {}),
  fulfilment: orElse(
    Schema.Struct({
      /** So many units leave the warehouse on a day, over all tenants. */
      unitsPerDay: orElse(Positive, 250),
      /** From the confirmation until a unit is ready to leave. */
      delayHours: orElse(Distribution, { uniform: { min: 2, max: 24 } }),
      /** From the end of a subscription until its asset can be rented again. */
      turnaroundHours: orElse(Distribution, { constant: 24 }),
      /** The same for an asset that broke down. */
      repairDays: orElse(Distribution, { uniform: { min: 5, max: 30 } }),
      /** Share of units that leave with another asset than was written down. It is put right within hours. */
      mixUps: orElse(Share, 0)
    }),
    {}
  ),
  subscription: orElse(
    Schema.Struct({
      lengthDays: orElse(Distribution, { logNormal: { median: 90, sigma: 0.5 } }),
      /** So many end early per day, of each one that runs. */
      earlyEndPerDay: orElse(NonNegative, 0.002),
      /**
       * How customers end it, by weight: they cancel, bring the asset back before the contract is over, buy it, or keep it until the contract is
       * over and then bring it back.
       */
      endings: orElse(
        Schema.Struct({
          cancel: orElse(NonNegative, 0),
          return: orElse(NonNegative, 0),
          buyOut: orElse(NonNegative, 0),
          complete: orElse(NonNegative, 0)
        }),
        { cancel: 1 }
      ),
      /** Share of contracts that are extended in their last week, and by how many months. */
      extended: orElse(Share, 0),
      extensionMonths: orElse(ContractLength, 3),
      /** So many break down, and are exchanged for something better, per day, of each one that runs. */
      defectsPerDay: orElse(NonNegative, 0),
      upgradesPerDay: orElse(NonNegative, 0)
    }),
    {}
  ),
  cancellation: orElse(
    Schema.Struct({
      /** By status and by how long the order has been in it; nothing where a status is not named. */
      hazards: orElse(Schema.Struct(inEachStatus(() => orElse(Hazards, []))), {
        pending: [{ perDay: 0.15 }],
        confirmed: [{ perDay: 0.05 }],
        partial: [{ perDay: 0.02 }],
        fulfilled: [{ perDay: 0.005 }, { fromDay: 14, perDay: 0.001 }]
      }),
      /** Share of customers who, being refused because of active subscriptions, end them all and cancel again. */
      insists: orElse(Share, 0.3)
    }),
    {}
  ),
  clients: orElse(
    Schema.Struct({
      /** Share of requests that carry an idempotency key. */
      withKey: orElse(Share, 1),
      /** Share of commands on an order that name the version that their caller has seen, and are refused when it is another by now. */
      expectVersion: orElse(Share, 0),
      /** Share of requests that are sent twice at once (a double click, a retrying proxy). */
      sentTwice: orElse(Share, 0.01),
      /** How long a caller waits for an answer. */
      timeoutSeconds: orElse(Positive, 10),
      /** How often a caller repeats what failed or is unknown, and after how long (doubled each time). */
      retries: orElse(Count, 5),
      retryDelaySeconds: orElse(Distribution, { uniform: { min: 1, max: 3 } }),
      /** Share of requests that take long to arrive, and how long. */
      slow: orElse(Share, 0.02),
      slowSeconds: orElse(Distribution, { exponential: { mean: 5 } })
    }),
    {}
  ),
  /**
   * How long a step of the store takes; how many it does at once, before others wait. 0 takes no time. And whether calls that wait share a step, as
   * they share statements on PostgreSQL.
   */
  store: orElse(
    Schema.Struct({
      latencyMs: orElse(Distribution, { constant: 0 }),
      connections: orElse(Schema.Int.check(Schema.isGreaterThan(0)), 16),
      sharesStatements: orElse(Schema.Boolean, false)
    }),
    {}
  ),
  /** What staff do by commands of the process that the scenario is played under. */
  ownCommands: Schema.optionalKey(Schema.Array(OwnCommandGiven)),
  /** What goes wrong between the services and the store, at any time. */
  faults: orElse(Faults, {}),
  incidents: orElse(Schema.Array(Incident), []),
  policies: orElse(Schema.NonEmptyArray(Policy), [{ name: "as it is" }])
})
export type Scenario = typeof Scenario.Type

/** A scenario as it is written: with only what is not as usual. */
export type ScenarioInput = typeof Scenario.Encoded

const decode = Schema.decodeUnknownResult(Scenario, { errors: "all", onExcessProperty: "error" })

/** What no single field shows: names that name nothing, or two things. */
const checkedAsAWhole = (scenario: Scenario): Result.Result<Scenario, InvalidInput> => {
  const { tenants, catalogue, arrivals, order, subscription, incidents, policies } = scenario
  const found: Array<InputFault> = []
  const fault = (path: string, message: string) => found.push({ path, message, code: "invalid_value" })
  const known = (path: string, name: string | undefined, names: ReadonlySet<string>, kind: string) => {
    if (name !== undefined && !names.has(name)) fault(path, `names no ${kind} of the scenario: ${[...names].join(", ")}`)
  }
  const distinct = (path: string, names: ReadonlyArray<string>) => {
    const twice = names.findIndex((name, index) => names.indexOf(name) < index)
    if (twice >= 0) fault(path.replace("#", String(twice)), "is there twice")
  }
  const skus = new Set<string>(catalogue.map(({ sku }) => sku))
  const tenantIds = new Set<string>(tenants.map(({ id }) => id))
  distinct(
    "catalogue[#].sku",
    catalogue.map(({ sku }) => sku)
  )
  distinct(
    "tenants[#].id",
    tenants.map(({ id }) => id)
  )
  distinct(
    "policies[#].name",
    policies.map(({ name }) => name)
  )
  catalogue.forEach(({ upgradeTo, secondHandAs }, index) => {
    known(`catalogue[${index}].upgradeTo`, upgradeTo, skus, "SKU")
    known(`catalogue[${index}].secondHandAs`, secondHandAs, skus, "SKU")
  })
  const someWeight = (path: string, weights: Readonly<Record<string, number>>) => {
    if (!Object.values(weights).some((weight) => weight > 0)) fault(path, "gives nothing a weight above 0")
  }
  someWeight("order.lines", order.lines)
  someWeight("order.quantity", order.quantity)
  someWeight("subscription.endings", subscription.endings)
  incidents.forEach((incident, index) => {
    if (incident.type === "supplierShortage") known(`incidents[${index}].sku`, incident.sku, skus, "SKU")
    if (incident.type === "demandPeak") known(`incidents[${index}].tenant`, incident.tenant, tenantIds, "tenant")
  })
  if ("recorded" in arrivals) {
    arrivals.recorded.forEach(({ tenant, items }, index) => {
      known(`arrivals.recorded[${index}].tenant`, tenant, tenantIds, "tenant")
      items.forEach(({ sku }, item) => known(`arrivals.recorded[${index}].items[${item}].sku`, sku, skus, "SKU"))
    })
  }
  const [first, ...others] = found
  return first === undefined ? Result.succeed(scenario) : Result.fail(new InvalidInput({ details: [first, ...others] }))
}

/** Read a scenario. What is wrong with it is named by its path (`catalogue[1].assets`), all of it at once. */
export const readScenario = (input: unknown): Result.Result<Scenario, InvalidInput> =>
  Result.flatMap(
    Result.mapError(decode(input), (error) => new InvalidInput({ details: inputFaults(error.issue) })),
    checkedAsAWhole
  )
