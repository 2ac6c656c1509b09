/** Orders in the memory of this process. */
import type * as Layer from "effect/Layer"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import { layer } from "../memory/MemoryOrderStore.ts"

/** A store for tests and for trying things out: it keeps every promise but one, as it is gone with the process or with `close`. */
export const memoryStore = (): Layer.Layer<OrderStore> => layer
