/**
 * `order-lifecycle/postgres`: orders in PostgreSQL 15 or later, over any `SqlClient`.
 *
 * @module
 */
export { layer, layerMigrated } from "./PostgresOrderStore.ts"
export { Deadline } from "../lifecycle/Deadline.ts"
export { layer as layerRecords, type OrderRecordsOptions } from "./PostgresOrderRecords.ts"
export { migrate, MigrationProgress } from "./migrate.ts"
export {
  inWords as sqlErrorInWords,
  mayHeal as sqlErrorMayHeal,
  TransactionHasFailed,
  TransactionMustRestart
} from "./sqlFailure.ts"
export { grantsFor } from "./grants.ts"
export { layerPartitions } from "./partitions.ts"
export { layerSchema } from "./schemaName.ts"
export { SharesStatements } from "../lifecycle/shared.ts"
export { layer as layerDirectory, placeTenants, type TenantDirectoryOptions } from "./PostgresTenantDirectory.ts"
export {
  abandonMove,
  type AbandonOptions,
  clearMoved,
  type ClearOptions,
  type LeftPlace,
  type Moved,
  MoveFailed,
  type MoveOptions,
  type MoveStep,
  moveSteps,
  moveTenant,
  type MovingPlaces
} from "./move/moveTenant.ts"
export {
  layer as layerConnection,
  type PostgresOptions,
  requireSuitable,
  sessionSettings,
  UnsuitableDatabase
} from "./PostgresConnection.ts"
export { layer as layerPool, type Pool, type PoolClient, type PoolOptions } from "./PoolConnection.ts"
