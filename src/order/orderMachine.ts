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
import commands, { type Commands, type CommandType, type OrderEvent } from "./commands/index.ts"
import { type CancellationPolicy, defaultPolicy, policies } from "./policies/index.ts"
import type { LoadedProcess } from "./process/loadProcess.ts"
import type { LibraryStates } from "./process/ownStates.ts"
import type { GuardFacts } from "./process/OwnGuard.ts"
import type { Refusal } from "./Refusal.ts"
import * as Units from "./Units.ts"

/** What the lifecycle knows of an order besides its status: where its units are. */
export interface OrderContext {
  readonly units: Units.Units
  /** What guards of the embedding service's own look at. Without it they hold: a drawing, say, is of no order in particular. */
  readonly given?: GuardFacts
  /** Guards that are not to be asked, because there is no input yet for them to look at. They hold. */
  readonly unasked?: ReadonlySet<string>
}

interface GuardArgs {
  readonly context: OrderContext
  readonly event: OrderEvent
}

type FactOfCommand = { readonly [Name in CommandType]: keyof Commands[Name]["facts"] }[CommandType]

/** A fact that a transition can depend on, by the machine's name for it. */
export type Fact = CancellationPolicy | FactOfCommand | keyof typeof factsOfUnits

/** Facts of where the units of the order are. */
const factsOfUnits = {
  holdsUnits: ({ context }: GuardArgs) => context.units.held > 0,
  takesLastHeldUnit: ({ context }: GuardArgs) => context.units.held === 1
}

/** The facts of the commands. Several commands may ask for one by the same name; each answers for its own questions. */
function factsOfCommands() {
  const asked = new Map<string, Map<string, (question: never) => boolean>>()
  for (const { name, facts } of Object.values(commands))
    for (const [fact, holds] of Object.entries<(question: never) => boolean>(facts))
      asked.set(fact, (asked.get(fact) ?? new Map<string, (question: never) => boolean>()).set(name, holds))
  return Object.fromEntries(
    [...asked].map(([fact, byCommand]) => [fact, ({ event }: GuardArgs) => byCommand.get(event.type)?.(event as never) ?? false])
  )
}

/**
 * The facts a transition can depend on, each a statement that can stand on an arrow: those of the policies, of the commands, and of the
 * order itself. For an event of another kind, a command's fact does not hold.
 */
const facts = {
  ...Object.fromEntries(
    Object.entries(policies).map(([name, { holds }]) => [name, ({ context }: GuardArgs) => holds(context.units)])
  ),
  ...factsOfCommands(),
  ...factsOfUnits
} as Readonly<Record<Fact, (args: GuardArgs) => boolean>>

/** What a status by itself may lack: named, like the facts, for the statement whose absence explains a refusal. */
export type StatusFact = (typeof statusFacts)[number]
const statusFacts = ["isPending", "isConfirmed", "isOpen", "isOpenToLines", "hasHeldUnit", "hasSubscriptions"] as const

/** Applies while `fact` does not hold. Plain data, so that it survives `JSON.stringify(orderMachine)` and can be drawn. */
const unless = <const F extends Fact>(fact: F) => ({ type: "unless" as const, params: { fact } })

/** Says no, by the specification's code. `lacking` names what the status lacks, where no fact stands before it. */
const refuse = <const Code extends Refusal["code"]>(code: Code, lacking?: StatusFact) => ({
  type: "refuse" as const,
  params: { code, ...(lacking === undefined ? {} : { lacking }) }
})

/** The names of the library's own facts. */
export const factNames: ReadonlySet<string> = new Set([...Object.keys(facts), ...statusFacts])

/** The guards of a process as facts, by name. */
const factsOf = (process: LoadedProcess | undefined): Readonly<Record<string, (args: GuardArgs) => boolean>> =>
  Object.fromEntries(
    [...(process?.guards ?? [])].map(([name, { before, holds }]) => [
      name,
      ({ context: { given, unasked }, event }: GuardArgs) =>
        given === undefined || event.type !== before || unasked?.has(name) === true || holds(given)
    ])
  )

const setUp = (all: typeof facts) =>
  setup({
    types: {
      context: {} as OrderContext,
      input: {} as { readonly quantity: number },
      events: {} as OrderEvent,
      emitted: {} as { type: "refused"; command: CommandType; code: Refusal["code"] }
    },
    guards: {
      ...all,
      unless: (args, { fact }: { fact: Fact }) => !all[fact](args)
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
      addActiveUnit: assign({ units: ({ context }) => Units.addActive(context.units) }),
      holdNewUnits: assign({
        units: ({ context, event }) => Units.holdNew(context.units, "quantity" in event ? event.quantity : 1)
      }),
      releaseHeldUnits: assign({ units: ({ context }) => Units.releaseHeld(context.units) }),
      /** As many as the command names: fewer than are held. */
      releaseSomeHeldUnits: assign({
        units: ({ context, event }) => Units.releaseUnits(context.units, "quantity" in event ? event.quantity : 1)
      })
    }
  })

/**
 * Build the machine under a cancellation policy, whose name is that of the guard before `cancelled`, and of a process: its guards stand behind
 * the library's refusals and before what these let pass. A process is checked where it is loaded: see `lifecycleOf`.
 */
export const makeOrderMachine = (policy: CancellationPolicy, process?: LoadedProcess) => {
  const lifecycle = setUp({ ...facts, ...factsOf(process) })
  // The machine knows guards and codes by name, the library's and those of a process.
  const own = (command: string) =>
    [...(process?.guards ?? [])].flatMap(([name, { before, code }]) =>
      before === command ? [{ guard: unless(name as Fact), actions: refuse(code as string as Refusal["code"]) }] : []
    )
  const confirm = [...own("confirm"), { target: "confirmed" }] as const

  const cancel = [
    { guard: unless(policy), actions: refuse("ORDER_NOT_CANCELLABLE") },
    ...own("cancel"),
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
    ...own("startSubscription"),
    { guard: "takesLastHeldUnit", target: "fulfilled", actions: "moveUnitToActive" },
    { target: "partial", actions: "moveUnitToActive" }
  ] as const

  const cancelSubscription = [
    { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
    { guard: unless("subscriptionIsNotCancelled"), actions: refuse("ALREADY_CANCELLED") },
    { guard: unless("subscriptionHasNotEnded"), actions: refuse("ALREADY_ENDED") },
    ...own("cancelSubscription"),
    { actions: "moveUnitToEnded" }
  ] as const

  /** Commands on an active subscription begin with these. */
  const unlessActive = [
    { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
    { guard: unless("subscriptionIsActive"), actions: refuse("SUBSCRIPTION_NOT_ACTIVE") }
  ] as const
  const returnSubscription = [...unlessActive, ...own("returnSubscription"), { actions: "moveUnitToEnded" }] as const
  const buyOutSubscription = [...unlessActive, ...own("buyOutSubscription"), { actions: "moveUnitToEnded" }] as const
  const completeSubscription = [
    ...unlessActive,
    { guard: unless("contractIsOver"), actions: refuse("CONTRACT_NOT_OVER") },
    ...own("completeSubscription"),
    { actions: "moveUnitToEnded" }
  ] as const

  /** The subscription stays active, and so does its unit. */
  const extendSubscription = [
    ...unlessActive,
    { guard: unless("extensionFits"), actions: refuse("INVALID_EXTENSION_MONTHS") },
    ...own("extendSubscription"),
    {}
  ] as const
  const replaceAsset = [
    ...unlessActive,
    { guard: unless("assetIsOther"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("assetIsKnown"), actions: refuse("ASSET_NOT_FOUND") },
    { guard: unless("assetFitsTheLine"), actions: refuse("SKU_MISMATCH") },
    { guard: unless("assetIsFree"), actions: refuse("ASSET_NOT_AVAILABLE") },
    ...own("replaceAsset"),
    {}
  ] as const

  const upgradeSubscription = [
    ...unlessActive,
    { guard: unless("productExists"), actions: refuse("VARIANT_NOT_FOUND") },
    { guard: unless("productIsActive"), actions: refuse("VARIANT_INACTIVE") },
    { guard: unless("productIsPriced"), actions: refuse("INVALID_CONTRACT_LENGTH") },
    { guard: unless("productFitsTheOrder"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("assetIsKnown"), actions: refuse("ASSET_NOT_FOUND") },
    { guard: unless("assetIsTheProduct"), actions: refuse("SKU_MISMATCH") },
    { guard: unless("assetIsFree"), actions: refuse("ASSET_NOT_AVAILABLE") },
    ...own("upgradeSubscription"),
    { actions: ["moveUnitToEnded", "addActiveUnit"] }
  ] as const

  /** Where there may be active subscriptions. */
  const onSubscription = {
    cancelSubscription,
    returnSubscription,
    buyOutSubscription,
    completeSubscription,
    extendSubscription,
    replaceAsset,
    upgradeSubscription
  }

  /** Where there never was a subscription. */
  const hasNone = { actions: refuse("NOT_FOUND", "hasSubscriptions") }
  const onNone = {
    cancelSubscription: hasNone,
    returnSubscription: hasNone,
    buyOutSubscription: hasNone,
    completeSubscription: hasNone,
    extendSubscription: hasNone,
    replaceAsset: hasNone,
    upgradeSubscription: hasNone
  }

  /** Where every subscription has ended. */
  const hasEnded = [
    { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
    { actions: refuse("SUBSCRIPTION_NOT_ACTIVE", "isOpen") }
  ] as const
  const onEnded = {
    cancelSubscription: [
      { guard: unless("subscriptionIsKnown"), actions: refuse("NOT_FOUND") },
      { guard: unless("subscriptionIsNotCancelled"), actions: refuse("ALREADY_CANCELLED") },
      { actions: refuse("ALREADY_ENDED", "isOpen") }
    ],
    returnSubscription: hasEnded,
    buyOutSubscription: hasEnded,
    completeSubscription: hasEnded,
    extendSubscription: hasEnded,
    replaceAsset: hasEnded,
    upgradeSubscription: hasEnded
  } as const

  const addItems = [
    { guard: unless("itemsFitTheOrder"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("variantsExist"), actions: refuse("VARIANT_NOT_FOUND") },
    { guard: unless("variantsAreActive"), actions: refuse("VARIANT_INACTIVE") },
    { guard: unless("lengthsArePriced"), actions: refuse("INVALID_CONTRACT_LENGTH") },
    ...own("addItems"),
    { actions: "holdNewUnits" }
  ] as const
  const correct = [...own("correct"), {}] as const
  /** In every status: *final* means that nothing of a cancelled order changes but its payment. */
  const recordPayment = [...own("recordPayment"), {}] as const

  const releaseRefusals = [
    { guard: unless("linesExist"), actions: refuse("VALIDATION_ERROR") },
    { guard: unless("unitsAreHeld"), actions: refuse("NOT_HELD") }
  ] as const
  /** Where nothing was rented yet, something has to stay held. */
  const release = [
    ...releaseRefusals,
    { guard: unless("leavesHeldUnits"), actions: refuse("NOTHING_WOULD_REMAIN") },
    ...own("release"),
    { actions: "releaseSomeHeldUnits" }
  ] as const

  /** Where something was rented, nothing has to stay held. */
  const releaseOfRest = [
    ...releaseRefusals,
    ...own("release"),
    { guard: "leavesHeldUnits", actions: "releaseSomeHeldUnits" },
    { target: "fulfilled", actions: "releaseHeldUnits" }
  ] as const

  /** A status of a process that is like no other: nothing starts there, what is rented can end, and the order can be cancelled. */
  const likeNone = {
    confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
    startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },
    ...onSubscription,
    // Its units may all be rented, or over.
    release: [{ guard: unless("holdsUnits"), actions: refuse("NOTHING_HELD") }, ...release],
    addItems: { actions: refuse("ORDER_NOT_OPEN", "isOpenToLines") },
    correct,
    recordPayment,
    cancel
  }
  const withOwn = <States extends LibraryStates>(states: States): States => process?.withStates(own, likeNone, states) ?? states

  return lifecycle.createMachine({
    id: "order",
    context: ({ input }): OrderContext => ({ units: Units.allHeld(input.quantity) }),
    initial: "pending",
    states: withOwn({
      pending: {
        description: "Received, not confirmed. Nothing was rented yet.",
        on: {
          confirm,
          startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },
          ...onNone,
          addItems,
          correct,
          recordPayment,
          release,
          cancel
        }
      },
      confirmed: {
        description: "Approved, ready for subscriptions. Nothing was rented yet.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription,
          ...onNone,
          addItems,
          correct,
          recordPayment,
          release,
          cancel
        }
      },
      partial: {
        description: "At least one subscription was created, at least one unit is still held.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription,
          ...onSubscription,
          addItems: { actions: refuse("ORDER_NOT_OPEN", "isOpenToLines") },
          correct,
          recordPayment,
          release: releaseOfRest,
          cancel
        }
      },
      fulfilled: {
        description: "No unit is held any more: each has or had a subscription, or was released.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription: { actions: refuse("ITEM_FULLY_FULFILLED", "hasHeldUnit") },
          ...onSubscription,
          addItems: { actions: refuse("ORDER_NOT_OPEN", "isOpenToLines") },
          correct,
          recordPayment,
          release: [
            { guard: unless("linesExist"), actions: refuse("VALIDATION_ERROR") },
            { actions: refuse("NOTHING_HELD", "hasHeldUnit") }
          ],
          cancel
        }
      },
      cancelled: {
        description: "Final. Nothing is held, nothing is active, and no subscription can ever be created.",
        on: {
          confirm: { actions: refuse("ORDER_NOT_PENDING", "isPending") },
          startSubscription: { actions: refuse("ORDER_NOT_CONFIRMED", "isConfirmed") },
          ...onEnded,
          addItems: { actions: refuse("ALREADY_CANCELLED", "isOpen") },
          correct: { actions: refuse("ALREADY_CANCELLED", "isOpen") },
          recordPayment,
          release: { actions: refuse("ALREADY_CANCELLED", "isOpen") },
          cancel: { actions: refuse("ALREADY_CANCELLED", "isOpen") }
        }
      }
    })
  })
}

/** The lifecycle under the default policy. Draw it, inspect it, or run it as an actor. */
export const orderMachine = makeOrderMachine(defaultPolicy)
