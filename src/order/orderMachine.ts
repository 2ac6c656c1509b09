/**
 * The lifecycle of an order: every status, every command, every answer. Nothing else in the library knows it; decisions, explanations,
 * tables, diagrams, documentation, tests and simulations are all read off this machine.
 *
 * Three rules make it readable:
 *
 * 1. It is complete. Every status answers every command, with a transition or with a refusal by name. (XState by itself leaves a
 *    snapshot unchanged, without a word, on an event that a state does not mention.) That is also why `cancelled` is an ordinary state
 *    and not a `final` one: it has to answer.
 * 2. Each list of answers is read from the top, and the first line that applies is taken. `unless("x")` applies while the fact `x` does
 *    not hold, so the refusals stand first, in the order in which they are checked, and what is left over is the transition.
 * 3. It decides and does nothing else. Facts are given to it with the event; what follows from a transition is named (`releaseHeldUnits`)
 *    and done by others. Time, storage and messages are not its business: no `invoke`, no `after`.
 *
 * Source: decisions.md, section 2, "The lifecycle"; cancel-order.md, "What Happens".
 */
import { assign, emit, setup } from "xstate"
import type { CommandType } from "./OrderCommand.ts"
import type { Refusal } from "./Refusal.ts"
import * as Units from "./Units.ts"

/** What the lifecycle knows of an order besides its status: where its units are. */
export interface OrderContext {
  readonly units: Units.Units
}

/** A command, with the facts that its guards ask about. */
export type OrderEvent =
  | { readonly type: "confirm" }
  | {
      readonly type: "startSubscription"
      /** The caller named the customer of the order. */
      readonly customerMatches: boolean
      /** The start lies within five years of the command, on either side. */
      readonly startIsNear: boolean
      /** What is known of the asset: `unknown` to the registry, `rented` under an active subscription of this tenant, or `free`. */
      readonly asset: "unknown" | "rented" | "free"
      /**
       * The line to fill: `unclear` when nothing says which SKU is meant, `none` when no line has it, `otherLength` when none of those that
       * have it runs as long as the caller says, else its held units.
       */
      readonly line: "unclear" | "none" | "otherLength" | { readonly held: number }
    }
  | {
      readonly type: "endSubscription"
      /** How the subscription stands; `unknown` when the order has no such subscription. */
      readonly subscription: "unknown" | "active" | "cancelled" | "ended"
    }
  | { readonly type: "cancel" }

interface GuardArgs {
  readonly context: OrderContext
  readonly event: OrderEvent
}

/** Facts about an event of one kind; for any other event the fact does not hold. */
const startFact =
  (holds: (event: Extract<OrderEvent, { type: "startSubscription" }>) => boolean) =>
  ({ event }: GuardArgs): boolean =>
    event.type === "startSubscription" && holds(event)

const endFact =
  (holds: (event: Extract<OrderEvent, { type: "endSubscription" }>) => boolean) =>
  ({ event }: GuardArgs): boolean =>
    event.type === "endSubscription" && holds(event)

/** The cancellation policies: what has to hold for an order to be cancelled. The embedding service chooses one. */
const cancellationPolicies = {
  noActiveSubscriptions: ({ context }: GuardArgs): boolean => context.units.active === 0,
  beforeFulfilment: ({ context }: GuardArgs): boolean => context.units.active + context.units.ended === 0
}
/** What has to hold for an order to be cancelled, by name. The embedding service chooses one; it is a guard of the machine. */
export type CancellationPolicy = keyof typeof cancellationPolicies
/** Every cancellation policy, the default first. */
export const cancellationPolicyNames = Object.keys(cancellationPolicies) as ReadonlyArray<CancellationPolicy>

/** When each policy lets an order be cancelled, in words. */
export const cancellationPolicyMeanings: Readonly<Record<CancellationPolicy, string>> = {
  noActiveSubscriptions:
    "No subscription of the order is active. A partial or fulfilled order can be cancelled again once every subscription has ended. The default.",
  beforeFulfilment: "No subscription was ever created. A partial or fulfilled order cannot be cancelled any more."
}

/**
 * The facts a transition can depend on, each a statement that can stand on an arrow. Each fails for one reason only and holds when the
 * question does not arise, so that an explanation, which names every fact that fails, does not name one cause twice.
 */
const facts = {
  ...cancellationPolicies,
  customerMatches: startFact((event) => event.customerMatches),
  startIsNear: startFact((event) => event.startIsNear),
  skuIsClear: startFact((event) => event.line !== "unclear"),
  assetIsKnown: startFact((event) => event.asset !== "unknown"),
  assetFitsALine: startFact((event) => event.line !== "none"),
  lengthFitsALine: startFact((event) => event.line !== "otherLength"),
  lineHasHeldUnit: startFact(({ line }) => typeof line !== "object" || line.held > 0),
  assetIsFree: startFact((event) => event.asset !== "rented"),
  takesLastHeldUnit: ({ context }: GuardArgs): boolean => context.units.held === 1,
  subscriptionIsKnown: endFact((event) => event.subscription !== "unknown"),
  subscriptionIsNotCancelled: endFact((event) => event.subscription !== "cancelled"),
  subscriptionHasNotEnded: endFact((event) => event.subscription !== "ended")
}
/** A fact that a transition can depend on, by the machine's name for it. */
export type Fact = keyof typeof facts

/** What a status by itself may lack: named, like the facts, for the statement whose absence explains a refusal. */
export type StatusFact = "isPending" | "isConfirmed" | "isOpen" | "hasHeldUnit" | "hasSubscriptions"

/** Applies while `fact` does not hold. Plain data, so that it survives `JSON.stringify(orderMachine)` and can be drawn. */
const unless = <const F extends Fact>(fact: F) => ({ type: "unless" as const, params: { fact } })

/** Says no, by the specification's code. `lacking` names what the status lacks, where no fact stands before it. */
const refuse = <const Code extends Refusal["code"]>(code: Code, lacking?: StatusFact) => ({
  type: "refuse" as const,
  params: { code, ...(lacking === undefined ? {} : { lacking }) }
})

const lifecycle = setup({
  types: {
    context: {} as OrderContext,
    input: {} as { readonly quantity: number },
    events: {} as OrderEvent,
    emitted: {} as { type: "refused"; command: CommandType; code: Refusal["code"] }
  },
  guards: {
    ...facts,
    unless: (args, { fact }: { fact: Fact }) => !facts[fact](args)
  },
  actions: {
    /** Nothing changes. Run as an actor, the machine emits the refusal; read as a table, the decision gives it. */
    refuse: emit(({ event }, params: { code: Refusal["code"]; lacking?: StatusFact }) => ({
      type: "refused" as const,
      command: event.type,
      code: params.code
    })),
    moveUnitToActive: assign({ units: ({ context }) => Units.startUnit(context.units) }),
    moveUnitToEnded: assign({ units: ({ context }) => Units.endUnit(context.units) }),
    releaseHeldUnits: assign({ units: ({ context }) => Units.releaseHeld(context.units) })
  }
})

/** Build the machine under a cancellation policy: the policy is the name of the guard that stands before `cancelled`. */
export const makeOrderMachine = (policy: CancellationPolicy) => {
  const cancel = [
    { guard: unless(policy), actions: refuse("ORDER_NOT_CANCELLABLE") },
    { target: "cancelled", actions: "releaseHeldUnits" }
  ] as const

  const startSubscription = [
    { guard: unless("customerMatches"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("startIsNear"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("assetIsKnown"), actions: refuse("ASSET_NOT_FOUND") },
    { guard: unless("skuIsClear"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("assetFitsALine"), actions: refuse("SKU_MISMATCH") },
    { guard: unless("lengthFitsALine"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("lineHasHeldUnit"), actions: refuse("ITEM_FULLY_FULFILLED") },
    { guard: unless("assetIsFree"), actions: refuse("ASSET_NOT_AVAILABLE") },
    { guard: "takesLastHeldUnit", target: "fulfilled", actions: "moveUnitToActive" },
    { target: "partial", actions: "moveUnitToActive" }
  ] as const

  const endSubscription = [
    { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
    { guard: unless("subscriptionIsNotCancelled"), actions: refuse("ALREADY_CANCELLED") },
    { guard: unless("subscriptionHasNotEnded"), actions: refuse("ALREADY_ENDED") },
    { actions: "moveUnitToEnded" }
  ] as const

  return lifecycle.createMachine({
    id: "order",
    context: ({ input }) => ({ units: Units.allHeld(input.quantity) }),
    initial: "pending",
    states: {
      pending: {
        description: "Received, not confirmed. All units are held.",
        on: {
          confirm: { target: "confirmed" },
          startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },
          endSubscription: { actions: refuse("NOT_FOUND", "hasSubscriptions") },
          cancel
        }
      },
      confirmed: {
        description: "Approved, ready for subscriptions. All units are held.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription,
          endSubscription: { actions: refuse("NOT_FOUND", "hasSubscriptions") },
          cancel
        }
      },
      partial: {
        description: "At least one subscription was created, at least one unit is still held.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription,
          endSubscription,
          cancel
        }
      },
      fulfilled: {
        description: "Every unit has or had a subscription.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription: { actions: refuse("ITEM_FULLY_FULFILLED", "hasHeldUnit") },
          endSubscription,
          cancel
        }
      },
      cancelled: {
        description: "Final. Nothing is held, nothing is active, and no subscription can ever be created.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },
          endSubscription: [
            { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
            { guard: unless("subscriptionIsNotCancelled"), actions: refuse("ALREADY_CANCELLED") },
            { actions: refuse("ALREADY_ENDED", "isOpen") }
          ],
          cancel: { actions: refuse("ALREADY_CANCELLED", "isOpen") }
        }
      }
    }
  })
}

/** The lifecycle under the default policy. Draw it, inspect it, or run it as an actor. */
export const orderMachine = makeOrderMachine("noActiveSubscriptions")
