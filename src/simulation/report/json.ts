/** A report as JSON: everything that is in it. The same scenario and seeds give the same bytes. */
import type { Report } from "../compare.ts"

/** A report as JSON, whole: every figure, interval and violation. */
export const asJson = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`
