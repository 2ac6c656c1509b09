/**
 * `order-lifecycle/memory`: orders in the memory of this process, for tests and simulations.
 *
 * @module
 */
export { layer, layerWithRows, MemoryRows } from "./MemoryOrderStore.ts"
