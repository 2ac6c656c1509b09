/**
 * `order-lifecycle/embedded`: orders in a folder, kept by a PostgreSQL that runs inside this process.
 *
 * @module
 */
export { layer, SharesStatements } from "./EmbeddedOrderStore.ts"
export { layer as layerConnection } from "./EmbeddedConnection.ts"
export { DataFolderInUse, DataFolderUnusable } from "./folderLock.ts"
