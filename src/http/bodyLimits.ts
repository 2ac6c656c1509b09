/** The longest body, in bytes. Source: decisions.md, section 3, "Limits". */
export const bodyLimits = { order: 256 * 1024, other: 16 * 1024 }
