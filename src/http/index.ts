/**
 * `order-lifecycle/http`: the HTTP API, to mount in an Effect server (`layer`) or to use as a web handler (`toWebHandler`).
 *
 * @module
 */
export { Api } from "./Api.ts"
export { type ApiKey, ApiKeys, type Identity, readOnlyRole } from "./ApiKeys.ts"
export { App, type AppOptions, type AppServices } from "./app.ts"
export { layer, toWebHandler } from "./layer.ts"
export type { Limits } from "./RateLimit.ts"
