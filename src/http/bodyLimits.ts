/** The longest body, in bytes. Source: decisions.md, section 3, "Limits"; whole-life.md, section 3, "What is shown". */
export const bodyLimits = { items: 256 * 1024, other: 16 * 1024 }

/** The paths whose bodies are lists of items, or of orders. */
export const takesItems: ReadonlySet<string> = new Set([
  "/v1/orders",
  "/v1/orders/:orderId/items",
  "/v1/orders/:orderId/release",
  "/v1/orders/cancel"
])
