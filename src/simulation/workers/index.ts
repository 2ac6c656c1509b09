/**
 * order-lifecycle/simulation/workers: runs on as many threads as the machine has cores. Needs Node.js.
 *
 * @module
 */
export { type Chase, hunterPool, workerPool } from "./workerPool.ts"
