/**
 * `order-lifecycle/testing`: for the tests of those who use the library. The contract that certifies a store of your own, and random
 * orders for fast-check.
 *
 * @module
 */
export { type ContractCase, orderStoreContract } from "./orderStoreContract.ts"
export * as arbitraries from "./arbitraries.ts"
