/**
 * order-lifecycle/simulation/workers: runs on as many threads as the machine has cores. Needs Node.js.
 *
 * @module
 */
export { workerPool } from "./workerPool.ts"
