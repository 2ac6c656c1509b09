/**
 * `order-lifecycle/promise/postgres`: orders in PostgreSQL, for callers without Effect. Needs `@effect/sql-pg`.
 *
 * @module
 */
export { type PoolOptions, postgresStore, type PostgresStoreOptions, type UrlOptions } from "./postgresStore.ts"
