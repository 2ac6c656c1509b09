/**
 * `order-lifecycle/testing`: for the tests of those who use the library. The contract that certifies a store of your own, random orders and
 * commands for fast-check, every schedule of concurrent calls, a checker of recorded histories, and an auditor.
 * `docs/testing-your-store.md` shows how they are used.
 *
 * @module
 */

// The promises of a store, one by one.
export { type ContractCase, orderStoreContract } from "./orderStoreContract.ts"

// What is random.
export * as arbitraries from "./arbitraries.ts"
export { lifecycleCommands, lifecycleModel, type LifecycleModel, type LifecycleUnderTest } from "./lifecycleCommands.ts"

// The rules of a process of one's own.
export { type Certificate, certifyProcess, type CertifyOptions, NotCertified } from "./certifyProcess.ts"

// Concurrent calls, in every order.
export {
  BrokenSchedule,
  describeRecorded,
  type Exploration,
  type ExploreOptions,
  exploreSchedules,
  type Mix
} from "./exploreSchedules.ts"
export { atGate, CurrentGate, type Gate, layerWithGates, withGates } from "./gates.ts"
export { contendingCalls, mixesOf, mixOf, openingNames, openings } from "./mixes.ts"
export { instantClock } from "./instantClock.ts"
export { layerWithRewind, Rewind } from "./rewind.ts"

// Recorded histories.
export { findLinearization, type RecordedCall, type SequentialModel } from "./findLinearization.ts"
export {
  type Acquaintance,
  type CallAnswer,
  describeCall,
  makeCall,
  type ModelState,
  type OrderCall,
  sequentialCalls
} from "./OrderCall.ts"

// What is left behind.
export { auditOutbox, auditStore } from "./auditStore.ts"

// Somewhere to try it.
export { laptop, monitor, newCaller, requestFor, shopOver } from "./shop.ts"
