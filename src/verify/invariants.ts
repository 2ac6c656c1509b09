/**
 * Everything that is promised to be true, as a list: what, how it is shown, and what to do when it is not.
 *
 * - `record` can be told from what is kept of one order (`checkRecord.ts`).
 * - `store` can be told from what is kept of many, or from the store itself (`OrderRecords.faults`).
 * - `runs` cannot be told from what is kept at all: it is about calls, answers and crashes, and the tests that are named show it.
 *
 * Nothing is ever repaired by this library: what is right after tampering, a restore or a hand-written statement is for people to say.
 */

/** One promise. */
export interface Invariant {
  readonly id: InvariantId
  /** What always holds. */
  readonly says: string
  /** From what it is told. */
  readonly by: "record" | "store" | "runs"
  /** What to do about a violation; absent where none can be found in what is stored. */
  readonly repair?: string
  /** The tests that show it where stored data cannot. */
  readonly shownBy?: ReadonlyArray<string>
}

const fromEvents =
  "The events are the truth. Read them (`AuditTrail.history`), and in one transaction set the order's rows to what they fold to; find out what wrote to the tables."
const fromBackup =
  "Stop changing this order. Compare it with a backup or with what consumers of the outbox received, and restore the events as they were; whoever wrote to them had the rights of the tables' owner."
const aDefect =
  "The library does not do this. Keep the order as it is, find what wrote it (another version, another program), and settle with the people concerned what is to be true."

const invariantsById = {
  // Stock and reservations
  S1: {
    says: "Every line has one reservation, of its SKU and quantity; so what is reserved and rented of a SKU is a sum, and is right.",
    by: "record",
    repair: fromEvents
  },
  S2: {
    says: "Every unit of a line is in exactly one place (held, active, ended, released), so that none is released twice.",
    by: "record",
    repair: fromEvents
  },
  S3: { says: "A cancelled order holds nothing and rents nothing.", by: "record", repair: fromEvents },
  S4: {
    says: "A cancel releases exactly what was held at that moment, and nothing else releases anything.",
    by: "record",
    repair: aDefect
  },
  S5: {
    says: "A unit that is or was rented has its subscription, on its own line; no cancel has released it.",
    by: "record",
    repair: fromEvents
  },
  S6: {
    says: "An asset is under one active subscription at a time.",
    by: "store",
    repair:
      "See who has the asset. Cancel the other subscription (`cancelSubscription`), and make the missing unique index again."
  },
  S7: {
    says: "A registered asset is rented out exactly while an active subscription has it, or was left so by a cancel.",
    by: "store",
    repair:
      "See who has the asset, and record it: change the asset by hand (`AssetRegistry.change`), or end the subscription. The registry was off while they went apart, or the tables were written to by hand; then put the triggers back if they are gone."
  },
  S8: {
    says: "The stock of a SKU, as it was counted, is the sum over the lines of all orders.",
    by: "store",
    repair:
      "In one transaction, with `reservations` locked in SHARE MODE, delete the tenant's rows of `stock_counts` and insert the sums anew, in slot 0. Put the triggers back if they are gone: without them, or where a part of the table was written to by itself, nothing is counted."
  },

  // State
  T1: { says: "Every event is an answer that the machine gives to the command it records.", by: "record", repair: aDefect },
  T2: { says: "Nothing follows a cancel.", by: "record", repair: aDefect },
  T3: {
    says: "A cancelled order has no active subscription.",
    by: "record",
    repair:
      "Cancel the subscription, or undo what made the order cancelled; its events say which. Put the foreign key back if it is gone."
  },
  T4: { says: "An order was cancelled only when the cancellation policy allowed it.", by: "record", repair: aDefect },
  T5: {
    says: "The status fits where the units are, and as many units are active as subscriptions.",
    by: "record",
    repair: fromEvents
  },
  T6: {
    says: "The machine, the table read off it and the decision agree.",
    by: "runs",
    shownBy: ["test/proof/exhaustive.test.ts", "test/proof/exhaustivePaths.test.ts", "test/order/lifecycleTable.property.test.ts"]
  },

  // Audit
  A1: {
    says: "Every version of an order has its event: from 1 to the order's version, without a gap.",
    by: "record",
    repair: fromBackup
  },
  A2: { says: "An order is the fold of its events, field by field.", by: "record", repair: fromEvents },
  A3: { says: "Every event begins at the status to which the one before it led.", by: "record", repair: aDefect },
  A4: {
    says: "Every event says whose, who, what, when and under which request, and no event is earlier than the one before it.",
    by: "record",
    repair: fromBackup
  },
  A5: {
    says: "An event is never changed or deleted.",
    by: "runs",
    shownBy: ["test/postgres/schema.test.ts", "test/proof/audit.property.test.ts"]
  },
  A6: {
    says: "Every event is as it was sealed, in its place; none was cut off behind the head that was kept elsewhere.",
    by: "record",
    repair: fromBackup
  },
  A7: {
    says: "An erased text is gone from everywhere, and the chain still verifies.",
    by: "runs",
    shownBy: ["test/verify/erasure.test.ts", "src/testing/orderStoreContract.ts"]
  },
  A8: { says: "A cancelled order has one cancel event, and no other order has any.", by: "record", repair: fromEvents },

  // Concurrency and retries
  C1: {
    says: "Calls on an order take effect one after the other, each at some moment between call and answer.",
    by: "runs",
    shownBy: ["test/proof/linearizability.test.ts", "test/proof/interleavings.test.ts", "test/proof/schedules.test.ts"]
  },
  C2: {
    says: "Versions never go back.",
    by: "runs",
    shownBy: ["test/postgres/schema.test.ts", "test/proof/linearizability.test.ts"]
  },
  C3: {
    says: "What was acknowledged survives any crash.",
    by: "runs",
    shownBy: ["test/proof/faults.test.ts", "test/embedded/EmbeddedOrderStore.crash.test.ts"]
  },
  C4: {
    says: "What is committed together is there together: order, reservations, subscriptions, events, outbox, remembered answer.",
    by: "store",
    repair:
      "Rows were written or deleted by hand, or a restore was partial. Bring back what is missing from a backup, or remove what is left over; put the foreign keys back if they are gone."
  },
  C5: {
    says: "The same key with the same command gives the same answer, and one effect.",
    by: "runs",
    shownBy: ["test/proof/idempotency.test.ts", "src/testing/orderStoreContract.ts"]
  },
  C6: {
    says: "A refused command changes nothing.",
    by: "runs",
    shownBy: ["test/lifecycle/OrderLifecycle.model.test.ts", "test/lifecycle/OrderLifecycle.test.ts"]
  },
  C7: {
    says: "A refusal is only given from a read that proves it; what is not known is said not to be known.",
    by: "runs",
    shownBy: ["test/proof/faults.test.ts", "test/postgres/outcome.test.ts"]
  },
  C8: {
    says: "Every call ends within its deadline, however many want the same order.",
    by: "runs",
    shownBy: ["test/proof/interrupts.test.ts", "test/lifecycle/OrderLifecycle.race.test.ts", "test/postgres/outcome.test.ts"]
  },

  // Outbox and tenants
  O1: {
    says: "The outbox has an order's events in their sequence, and none that does not exist.",
    by: "record",
    repair:
      "Find out who wrote to the outbox. Set the rows right by the events, or hand the order's events to the consumers (they tell repeats by order and sequence) and remove the rows."
  },
  O2: {
    says: "Every event is delivered to every consumer at least once.",
    by: "runs",
    shownBy: ["src/testing/outboxContract.ts", "test/proof/outbox.test.ts"]
  },
  O3: {
    says: "The events of an order are delivered in sequence.",
    by: "runs",
    shownBy: ["src/testing/outboxContract.ts", "test/proof/outbox.test.ts"]
  },
  O4: {
    says: "A consumer that dies or freezes at any point loses nothing.",
    by: "runs",
    shownBy: ["src/testing/outboxContract.ts", "test/proof/outbox.test.ts"]
  },
  O5: {
    says: "No consumer lacks a row of an event behind its start.",
    by: "record",
    repair:
      "Rows of the outbox were deleted by hand, or a restore was partial. Hand the missing events to the consumers, which tell repeats by order and sequence, and put the rows back."
  },
  D1: {
    says: "An order waits for the commands that its status asks for, since it came there, and for no others.",
    by: "record",
    repair:
      "A row that is left over, as after a due rule was taken out, ends at its moment and changes nothing. `order-lifecycle due plan` takes it away, and writes what is missing."
  },
  F1: {
    says: "What lists filter by equals what the events say.",
    by: "record",
    repair:
      "Orders that were placed or changed before there was the filter, or by a program without it, are not found by it. `order-lifecycle data index` writes what is missing, and takes away what is wrong."
  },
  I1: {
    says: "A tenant sees, changes and learns nothing of another's.",
    by: "runs",
    shownBy: [
      "test/proof/hostile.test.ts",
      "src/testing/orderStoreContract.ts",
      "test/postgres/schema.test.ts",
      "test/http/guards.test.ts"
    ]
  },
  I2: {
    says: "No answer and no log line has another tenant's data, a secret, a reason or the insides of the service in it.",
    by: "runs",
    shownBy: ["test/http/guards.test.ts", "test/http/contract.test.ts", "test/proof/hostileRequests.test.ts"]
  },

  // The store itself
  B1: {
    says: "The store's own guards (keys, checks, triggers) are in place.",
    by: "store",
    repair:
      "Find out who took it away and why. Make it again as the migrations have it; that fails as long as rows break it, and then those come first."
  },
  R1: {
    says: "No session holds locks on orders and does nothing.",
    by: "store",
    repair: "End the session (`pg_terminate_backend`), and give whatever opened it an `idle_in_transaction_session_timeout`."
  }
} as const satisfies Record<string, Omit<Invariant, "id">>

/** The name of a promise: `S` stock, `T` transitions, `A` audit, `C` concurrency, `O` outbox, `D` due commands, `F` filters, `I` isolation, `R` resources, `B` backstops. */
export type InvariantId = keyof typeof invariantsById

/** Every invariant, in the order in which they are talked about. */
export const invariants: ReadonlyArray<Invariant> = Object.entries(invariantsById).map(([id, invariant]) => ({
  id: id as InvariantId,
  ...invariant
}))

/** What to do about a violation. */
export const repairOf = (id: InvariantId): string => {
  const invariant: Omit<Invariant, "id"> = invariantsById[id]
  return invariant.repair ?? ""
}
