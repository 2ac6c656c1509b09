/** An event says what was asked: the command that is told from it is the one that was given, and the machine answers it as it did. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { decide } from "../../src/order/decide.ts"
import { definitionByKind } from "../../src/order/commands/definitions.ts"
import { type CommandType, commandTypes } from "../../src/order/commands/index.ts"
import { answerTo } from "../../src/order/lifecycleTable.ts"
import { unitsOf } from "../../src/order/Order.ts"
import { commandOf, history, move, occasion } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** A command as the machine is asked about it. */
type Question = Parameters<typeof answerTo>[3]

/** What only the surroundings know, and no event says. */
const surroundings = new Set(["asset", "variants", "quoted", "subscriptionId"])

/** It is not recorded that no claim is made. */
const isUnsaid = (name: string, value: unknown) => name === "insuranceClaim" && value === false

describe("an accepted command", () => {
  it("can be told from its event", () => {
    const met = new Set<CommandType>()
    const attempts = fc.array(fc.tuple(move, occasion), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(history(), attempts, ({ lifecycle, order: begun }, moves) => {
        let order = begun
        for (const [each, on] of moves) {
          const command = commandOf(order, each)
          const decision = decide(lifecycle, order, command, on)
          if (Result.isFailure(decision)) continue
          const { event, after } = decision.success
          const definition = definitionByKind.get(event.type)
          // The definition is the one that recorded the event, which its kind does not tell the compiler.
          const told = definition?.commandOf(order, event)
          const said = Object.entries(command).filter(([name, value]) => !surroundings.has(name) && !isUnsaid(name, value))
          expect(told).toMatchObject(Object.fromEntries(said))
          // What the surroundings knew was in order, or there would be no event.
          if ("asset" in command) expect(told).toHaveProperty("asset", { isKnown: true, isRented: false })
          const question = definition?.questionOfEvent(order, event)
          const { to, refusal } = answerTo(lifecycle, order.status, { units: unitsOf(order) }, question as Question)
          expect([to, refusal]).toEqual([event.to, undefined])
          met.add(command.type)
          order = after
        }
      }),
      // As many in a short run: each command has to be met.
      { numRuns: Math.max(numRuns(150), 150) }
    )
    expect(met).toEqual(new Set(commandTypes))
  })
})
