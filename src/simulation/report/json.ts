/** A report as JSON: everything that is in it. The same scenario and seeds give the same bytes. */
import type { Report } from "../compare.ts"

export const asJson = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`
