/**
 * `order-lifecycle/node`: what Node.js does faster than JavaScript can.
 *
 * @module
 */
export { layerDigest, nodeDigest } from "./nodeDigest.ts"
