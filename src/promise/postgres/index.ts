/**
 * `order-lifecycle/promise/postgres`: orders in PostgreSQL, for callers without Effect. Needs `@effect/sql-pg`.
 *
 * @module
 */
export { postgresStore, type PostgresStoreOptions } from "./postgresStore.ts"
