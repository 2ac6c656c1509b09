/**
 * A lifecycle of the embedding service's own: the library's, with rules added.
 *
 * ```ts
 * import { orderProcess } from "order-lifecycle"
 *
 * export const ourProcess = orderProcess("our-shop").guard("withinCancellationWindow", {
 *   before: "cancel",
 *   holds: ({ order, at, actor }) => actor.role === "manager" || Date.parse(at) - Date.parse(order.createdAt) <= 48 * 3_600_000,
 *   refusal: {
 *     code: "CANCELLATION_WINDOW_CLOSED",
 *     message: "An order can be cancelled within 48 hours.",
 *     remedy: "Ask a manager to cancel it."
 *   }
 * })
 * ```
 *
 * Give it to `OrderLifecycle.layer({ process })` or to `openOrders({ process })`. What it says holds for the command itself, its preview, its
 * explanation and the machine that is drawn: they all read the same table. A process with a fault is not loaded: see `WrongProcess`.
 */
import type { CommandType } from "../commands/index.ts"
import type { OrderId } from "../Order.ts"
import { askGuard, type GuardFacts, type OwnGuard } from "./OwnGuard.ts"
import { type OwnCode, OwnRefusal } from "./OwnRefusal.ts"

/** A guard as a process has it: asked with care, and with its refusal as an error. */
export interface ProcessGuard {
  readonly declared: OwnGuard
  /** Throws a `GuardFailed` that names the guard when it does not answer. */
  readonly holds: (facts: GuardFacts) => boolean
  readonly refuse: (orderId: OrderId) => OwnRefusal
}

/** A process. Adding to one gives another; the first stays as it is. */
export interface OrderProcess<Guards extends string = string> {
  readonly name: string
  readonly guards: ReadonlyMap<string, ProcessGuard>
  /** Add a guard before a command. Its name is what explanations and diagrams call it. */
  readonly guard: <const Name extends string, const Type extends CommandType>(
    name: Name extends Guards ? never : Name,
    guard: OwnGuard<Type>
  ) => OrderProcess<Guards | Name>
}

/** Begin a process. Without more it is the library's lifecycle. */
export const orderProcess = (name: string): OrderProcess<never> => build(name, [])

const build = <Guards extends string>(
  name: string,
  added: ReadonlyArray<readonly [name: string, guard: OwnGuard]>
): OrderProcess<Guards> => ({
  name,
  guards: new NamedOnce(added.map(([guardName, guard]) => [guardName, guardOf(guardName, guard)])),
  // A guard is asked about commands of its own name alone.
  guard: (guardName, guard) => build(name, [...added, [guardName, guard as unknown as OwnGuard]])
})

const guardOf = (name: string, declared: OwnGuard): ProcessGuard => ({
  declared,
  holds: (facts) => askGuard(name, declared, facts),
  refuse: (orderId) => new OwnRefusal({ orderId, guard: name, ...declared.refusal, code: declared.refusal.code as OwnCode })
})

/** A map that remembers which names it was given twice. */
export class NamedOnce<Value> extends Map<string, Value> {
  readonly doubled: ReadonlyArray<string>

  constructor(entries: ReadonlyArray<readonly [name: string, value: Value]>) {
    super(entries)
    const names = entries.map(([name]) => name)
    this.doubled = names.filter((name, index) => names.indexOf(name) !== index)
  }
}
