/**
 * `order-lifecycle/verify`: is what is stored as it should be? Over any store that has `OrderRecords`.
 *
 * @module
 */
export { type Checked, verify, type VerifyOptions } from "./verify.ts"
export { type DataIndexed, indexData, type IndexDataOptions } from "./indexData.ts"
export { type DuePlanned, planDue, type PlanDueOptions } from "./planDue.ts"
export { type Disallowed, replay, type Replayed, type ReplayOptions } from "./replay.ts"
export type { Violation } from "./Violation.ts"
export { Head, HeadLine, headsOf } from "./heads.ts"
export { type Invariant, type InvariantId, invariants } from "./invariants.ts"
export { checkRecord, type RecordFault } from "./checkRecord.ts"
export { OrderRecords, type OrderRecord, type StoreFault } from "../lifecycle/OrderRecords.ts"
