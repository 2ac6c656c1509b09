/** The shop of the test kit on the memory store, as it is or with some of its operations replaced. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { shopOver } from "./world.ts"

type Shop = OrderLifecycle | Reservations | AuditTrail | OrderStore

/** Run a program in the shop. */
export const run = <A, E>(program: Effect.Effect<A, E, Shop>, store: Layer.Layer<OrderStore> = memory): Promise<A> =>
  Effect.runPromise(Effect.provide(program, shopOver(store)))

/** The memory store with some of its operations replaced. */
export const storeWith = (replace: (store: OrderStore["Service"]) => Partial<OrderStore["Service"]>): Layer.Layer<OrderStore> =>
  Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store) => ({ ...store, ...replace(store) }))
  ).pipe(Layer.provide(memory))
