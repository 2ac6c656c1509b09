/** A transaction that the caller has opened, on a connection of their own: of `pg`, Kysely, Drizzle or what else they work with. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { OrderStore } from "./OrderStore.ts"

/** Runs SQL in the open transaction. */
export interface OpenTransaction {
  /** Run a statement, whose parameters are `$1`, `$2` and so on, and answer with its rows. Whatever the driver throws is thrown. */
  readonly query: (text: string, values: ReadonlyArray<unknown>) => Promise<{ readonly rows: ReadonlyArray<object> }>
}

/** What was done in the caller's transaction. */
export interface Joined<Outcome> {
  readonly outcome: Outcome
  /**
   * Tell the listeners of this process what was committed: to be called after the COMMIT has succeeded, and not at all otherwise. The outbox needs
   * no telling.
   */
  readonly committed: Effect.Effect<void>
}

/** A store on the caller's transaction. */
export interface JoinedStore {
  readonly store: OrderStore["Service"]
  /** What waits for the commit. */
  readonly committed: Effect.Effect<void>
}

/** How the store at hand joins a transaction; null where it keeps orders in a place that no transaction of others reaches. */
export const JoinsTransactions = Context.Reference<((transaction: OpenTransaction) => Effect.Effect<JoinedStore>) | null>(
  "order-lifecycle/JoinsTransactions",
  { defaultValue: () => null }
)

/** The store at hand cannot join a transaction: it is in memory, or a store of one's own that does not say how. */
export class CannotJoin extends Data.TaggedError("CannotJoin") {
  override get message() {
    return "The store cannot join a transaction of yours: only orders in PostgreSQL can be changed within one."
  }
}
