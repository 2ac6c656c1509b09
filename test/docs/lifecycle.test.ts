/** `docs/lifecycle.md` leaves nothing out that the machine says. */
import { describe, expect, it } from "vitest"
import { drawLifecycle } from "../../docs/draw/lifecycle.ts"
import { commandsOfArrow } from "../support/commandsOfArrow.ts"
import { drawStateDiagram } from "../../src/draw/markdown.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { LibraryStatus } from "../../src/order/Order.ts"
import { commandTypes } from "../../src/order/commands/index.ts"

describe("docs/lifecycle.md", () => {
  it("has an arrow for every transition and a line in the table for every answer", () => {
    const answers = LibraryStatus.literals.flatMap((status) =>
      commandTypes.flatMap((command) => lifecycles.noActiveSubscriptions.answers[status][command])
    )
    const lines = drawLifecycle().split("\n")
    expect(lines.flatMap(commandsOfArrow)).toHaveLength(1 + answers.filter(({ refusal }) => !refusal).length)
    expect(lines.filter((line) => new RegExp(`^\\| \`\\w+\` \\| \`(${commandTypes.join("|")})\` \\|`).test(line))).toHaveLength(
      answers.length
    )
  })

  it("may say of the other policy that only the guard's name differs", () => {
    const renamed = drawStateDiagram(lifecycles.beforeFulfilment).replaceAll("beforeFulfilment", "noActiveSubscriptions")
    expect(renamed).toBe(drawStateDiagram())
  })
})
