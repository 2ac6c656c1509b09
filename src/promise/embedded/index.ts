/**
 * `order-lifecycle/promise/embedded`: orders in a folder, for callers without Effect. Needs `@effect/sql-pg` and `@electric-sql/pglite`.
 *
 * @module
 */
export { embeddedStore, type EmbeddedStoreOptions } from "./embeddedStore.ts"
