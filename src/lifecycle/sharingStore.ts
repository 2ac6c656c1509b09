/** A store whose callers share statements (`shared.ts`): loads, and commits of one change. */
import * as Effect from "effect/Effect"
import type { TenantId } from "../order/Order.ts"
import { changedSubscriptions } from "../order/Transition.ts"
import { noAnswerInTime } from "./Deadline.ts"
import { type Change, type CommitOutcome, type OrderStore, OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"
import { type Kind, shared } from "./shared.ts"

type Store = OrderStore["Service"]
export type PlacingRequest = Parameters<Store["loadPlacing"]>[0]
export type LoadedPlacing = Effect.Success<ReturnType<Store["loadPlacing"]>>

/** What the callers share. */
type Shared = Pick<Store, "load" | "loadPlacing" | "commit">

/** A store, and what it can do for many callers at once. Everything asked for at once is of one tenant. */
export interface Sharable extends Shared, Pick<Store, "currentTransaction"> {
  readonly loadPlacings: (
    tenantId: TenantId,
    requests: ReadonlyArray<PlacingRequest>
  ) => Effect.Effect<ReadonlyArray<LoadedPlacing>, StoreUnavailable>
  /** Commit what can be committed at once, or nothing at all; undefined for each change that is to be committed alone. */
  readonly commitTogether: (
    tenantId: TenantId,
    changes: ReadonlyArray<Change>
  ) => Effect.Effect<ReadonlyArray<CommitOutcome | undefined>, StoreUnavailable | OutcomeUnknown>
}

/**
 * Its operations, for callers who share statements. What is asked for in a transaction of the caller's own has statements of its own, and so has
 * what asks for more than one thing at a time, or for a large one.
 */
export const sharingStore = (store: Sharable): Shared => {
  const outside = <Call, Answer, E>(kind: Kind<Call, Answer, E>): Kind<Call, Answer, E>["alone"] => {
    const share = shared(kind)
    return (tenantId, call) =>
      Effect.flatMap(store.currentTransaction, (transaction) =>
        transaction === null ? share(tenantId, call) : kind.alone(tenantId, call)
      )
  }

  /** A read of one: whatever goes wrong, nothing was done. */
  const read = <Call, Answer>(
    name: string,
    together: (tenantId: TenantId, calls: ReadonlyArray<Call>) => Effect.Effect<ReadonlyArray<Answer>, StoreUnavailable>
  ) =>
    outside<Call, Answer, StoreUnavailable>({
      name,
      together,
      // One call has one answer.
      alone: (tenantId, call) => Effect.map(together(tenantId, [call]), ([answer]) => answer as Answer),
      tooLate: () => new StoreUnavailable({ cause: noAnswerInTime() })
    })

  const loadOne = read("load", (_, requests: Parameters<Store["load"]>[0]) => store.load(requests))
  const loadOnePlacing = read("loadPlacing", store.loadPlacings)
  const commitOne = outside<Change, CommitOutcome, StoreUnavailable | OutcomeUnknown>({
    name: "commit",
    together: store.commitTogether,
    // One change has one outcome.
    alone: (_, change) => Effect.map(store.commit([change]), ([outcome]) => outcome as CommitOutcome),
    namesOf: namesIn,
    tooLate: (isSent) =>
      isSent ? new OutcomeUnknown({ cause: noAnswerInTime() }) : new StoreUnavailable({ cause: noAnswerInTime() })
  })

  return {
    load: (requests) => {
      const [only, ...others] = requests
      return only !== undefined && others.length === 0
        ? Effect.map(loadOne(only.tenantId, only), (loaded) => [loaded])
        : store.load(requests)
    },
    loadPlacing: (request) => loadOnePlacing(request.tenantId, request),
    commit: (changes) => {
      const [only, ...others] = changes
      return only !== undefined && others.length === 0 && rowCount(only) <= mostRowsShared
        ? Effect.map(commitOne(only.transition.after.tenantId, only), (outcome) => [outcome])
        : store.commit(changes)
    }
  }
}

/** What two changes of one statement cannot have in common: their order, a key, a new customer's e-mail, an asset. */
const namesIn = ({ transition, remember, newCustomer, assets = [] }: Change): ReadonlyArray<string> => [
  `order ${transition.after.orderId}`,
  ...(remember ? [`key ${remember.key}`] : []),
  ...(newCustomer ? [`customer ${newCustomer.emailKey}`] : []),
  ...assets.map(({ serialNumber }) => `asset ${serialNumber}`),
  ...changedSubscriptions(transition).map(({ is }) => `asset ${is.serialNumber}`)
]

/**
 * A change of more rows than this has a statement of its own. A statement has 5 seconds however many share it, and a hundred changes of a thousand
 * rows, which are made in a tenth of a second each, would together be undone.
 */
const mostRowsShared = 50

/** So many rows, of those that there can be many of, a change writes. */
const rowCount = ({ transition, reservations, rows = [] }: Change): number =>
  reservations.length + changedSubscriptions(transition).length + rows.reduce((sum, ofTable) => sum + ofTable.rows.length, 0)
