/**
 * The lifecycle of an asset: every status, everything that can happen to it, every answer. Nothing else in the library knows it; the table that
 * decisions are looked up in, the diagram, the documentation and the tests are read off this machine.
 *
 * What happens to an asset has two kinds of words. Commands on orders say `rent`, `return`, `sell`, `withdraw` and `makeAvailable`
 * (`AssetMove.ts`): what the order has decided, the asset follows. A change by hand says `mark` and the status that is asked for.
 *
 * The rules of `order/orderMachine.ts` hold here as well. It is complete: every status answers every word, with a transition or with a refusal
 * by name; that is why `sold`, which nothing leaves, is an ordinary state. Each list is read from the top. It decides and does nothing else.
 *
 * Source: flexportal-facts.md, section 6; whole-life.md, section 5.
 */
import { emit, setup } from "xstate"
import type { AssetMoveEvent } from "./AssetMove.ts"
import type { AssetStatus } from "./RegisteredAsset.ts"

/** The words for a change by hand, by the status that it asks for. */
export const markOf = {
  available: "markAvailable",
  rented_out: "markRentedOut",
  returned: "markReturned",
  sold: "markSold",
  unavailable: "markUnavailable"
} as const satisfies Record<AssetStatus, string>
export type AssetMark = (typeof markOf)[AssetStatus]

/** What happens to an asset. By hand: `isInUse` when a subscription is active on it. */
export type AssetEvent = { readonly type: AssetMoveEvent } | { readonly type: AssetMark; readonly isInUse: boolean }

/** The codes that an asset's status can refuse with. `ASSET_NOT_AVAILABLE` is a refusal of the command on the order. */
export type AssetCode = "ASSET_NOT_AVAILABLE" | "ASSET_IN_USE" | "INVALID_STATUS"

/** The facts a transition can depend on, each a statement that can stand on an arrow. */
const facts = {
  isNotInUse: ({ event }: { event: AssetEvent }) => !("isInUse" in event) || !event.isInUse
}
export type AssetFact = keyof typeof facts

/** Applies while `fact` does not hold. */
const unless = <const F extends AssetFact>(fact: F) => ({ type: "unless" as const, params: { fact } })

/** Says no. */
const refuse = <const Code extends AssetCode>(code: Code) => ({ type: "refuse" as const, params: { code } })

const never = { actions: refuse("INVALID_STATUS") }

/** By hand, and only while no subscription is active on the asset. */
const by = <const To extends AssetStatus>(target: To) =>
  [{ guard: unless("isNotInUse"), actions: refuse("ASSET_IN_USE") }, { target }] as const

/** An asset that is with nobody. */
const notOut = { return: never, sell: never, withdraw: never, makeAvailable: never }

/** It goes out and is sold by subscriptions only. */
const neverByHand = { markRentedOut: never, markSold: never }

/** Devices that are lost, broken, sold or just back are not rented. */
const notRentable = { rent: { actions: refuse("ASSET_NOT_AVAILABLE") } }

export const assetMachine = setup({
  types: {
    events: {} as AssetEvent,
    emitted: {} as { type: "refused"; word: AssetEvent["type"]; code: AssetCode },
    tags: {} as "out"
  },
  guards: {
    ...facts,
    unless: (args, { fact }: { fact: AssetFact }) => !facts[fact](args)
  },
  actions: {
    /** Nothing changes. */
    refuse: emit(({ event }, params: { code: AssetCode }) => ({ type: "refused" as const, word: event.type, code: params.code }))
  }
}).createMachine({
  id: "asset",
  initial: "available",
  states: {
    available: {
      description: "Free to be rented.",
      on: {
        rent: { target: "rented_out" },
        ...notOut,
        ...neverByHand,
        markAvailable: { target: "available" },
        markReturned: never,
        markUnavailable: by("unavailable")
      }
    },
    rented_out: {
      description: "With a customer: for an active subscription, or for a cancelled one from which it has not come back.",
      tags: ["out"],
      on: {
        ...notRentable,
        return: { target: "returned" },
        sell: { target: "sold" },
        withdraw: { target: "unavailable" },
        makeAvailable: { target: "available" },
        ...neverByHand,
        markAvailable: by("available"),
        markReturned: by("returned"),
        markUnavailable: by("unavailable")
      }
    },
    returned: {
      description: "Back from a customer, and not looked at yet.",
      on: {
        ...notRentable,
        ...notOut,
        ...neverByHand,
        markAvailable: by("available"),
        markReturned: { target: "returned" },
        markUnavailable: by("unavailable")
      }
    },
    sold: {
      description: "Bought by a customer. Final.",
      on: {
        ...notRentable,
        ...notOut,
        ...neverByHand,
        markAvailable: never,
        markReturned: never,
        markUnavailable: never
      }
    },
    unavailable: {
      description: "Out of use: in repair, lost, broken, retired or taken out of the registry.",
      on: {
        ...notRentable,
        ...notOut,
        ...neverByHand,
        markAvailable: by("available"),
        markReturned: never,
        markUnavailable: { target: "unavailable" }
      }
    }
  }
})
