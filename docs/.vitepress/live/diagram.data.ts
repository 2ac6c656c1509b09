/** The state diagram, drawn from the machine when the site is built. */
import { mermaidOf } from "../../../src/draw/stateDiagram.ts"
import { mermaidAsSvg } from "../mermaidFences.ts"

declare const data: string
export { data }

export default {
  watch: ["../../../src/order/**/*.ts"],
  load: (): string => mermaidAsSvg(mermaidOf())
}
