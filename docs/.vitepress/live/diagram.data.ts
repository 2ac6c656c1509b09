/** The state diagram, drawn from the machine when the site is built. */
import { drawStateDiagram } from "../../../test/support/drawLifecycle.ts"
import { mermaidAsSvg } from "../mermaidFences.ts"

declare const data: string
export { data }

export default {
  watch: ["../../../src/order/*.ts"],
  load: (): string => mermaidAsSvg(drawStateDiagram().replace(/^```mermaid\n|\n```$/g, ""))
}
