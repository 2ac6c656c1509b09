/**
 * order-lifecycle/simulation/report: a report as a page with charts. Needs `echarts`; what needs nothing is in order-lifecycle/simulation.
 *
 * @module
 */
export { asHtml } from "./html.ts"
