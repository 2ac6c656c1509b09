/** What `verify` reports. */
import type { OrderId, TenantId } from "../order/Order.ts"
import type { InvariantId } from "./invariants.ts"

/** Something that is stored and should not be, or the reverse. */
export interface Violation {
  /** The invariant it breaks. */
  readonly id: InvariantId
  /** Absent where it concerns the store as a whole. */
  readonly tenantId?: TenantId
  /** Absent where it concerns no single order. */
  readonly orderId?: OrderId
  readonly message: string
  /** What to do. */
  readonly repair: string
}
