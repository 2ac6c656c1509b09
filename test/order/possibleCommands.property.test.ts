/** What is possible now, held against what happens: to every order that can come about, and to every command that a fuzzer thinks of. */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { commandTypes } from "../../src/order/commands/index.ts"
import { decide } from "../../src/order/decide.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { possibleCommands } from "../../src/order/possibleCommands.ts"
import { orderProcess } from "../../src/order/process/orderProcess.ts"
import { commandOf, history, move, occasion } from "../../src/testing/arbitraries.ts"
import { sampleOrder } from "../support/sampleOrder.ts"

const ours = orderProcess("ours")
  .guard("managersCancel", {
    before: "cancel",
    holds: ({ actor }) => actor.role === "manager",
    refusal: { code: "MANAGERS_ONLY", message: "Only a manager may cancel.", remedy: "Ask a manager." }
  })
  .guard("noNotes", {
    before: "startSubscription",
    holds: ({ command }) => command.notes === undefined,
    refusal: { code: "NO_NOTES", message: "No notes.", remedy: "Leave the notes out." }
  })

const seen = new Map<string, number>()
const count = (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1)

describe("what is possible now", () => {
  it.each([undefined, ours])("is what some input gets, and what none gets is not: under %j", (process) => {
    seen.clear()
    fc.assert(
      fc.property(
        history(8),
        fc.array(move, { minLength: 20, maxLength: 20 }),
        occasion,
        fc.boolean(),
        (past, moves, on, isManager) => {
          const lifecycle = lifecycleOf(past.lifecycle.policy, process)
          const occasion = { ...on, actor: isManager ? { ...on.actor, role: "manager" } : on.actor }
          const all = possibleCommands(lifecycle, past.order, occasion)
          expect(all.map(({ name }) => name)).toEqual(commandTypes)
          for (const each of moves) {
            const command = commandOf(past.order, each)
            const decided = decide(lifecycle, past.order, command, occasion)
            const known = all.find(({ name }) => name === command.type)
            count(`${command.type} ${Result.isSuccess(decided) ? "accepted" : "refused"}`)
            if (Result.isSuccess(decided)) {
              expect(known).toMatchObject({ possible: true, blockers: [] })
              // A release of a partial order may leave it as it is, or fulfil it.
              if (known?.to !== undefined) expect(known.to).toBe(decided.success.after.status)
              else expect([past.order.status, command.type]).toEqual(["partial", "release"])
            } else if (known?.possible === true) expect(known.depends).toBe(true)
          }
          for (const { name, possible, to, blockers } of all) {
            const isOpen = to === undefined && name === "release" && past.order.status === "partial"
            expect([possible, to !== undefined || (possible && isOpen)]).toEqual([blockers.length === 0, possible])
          }
        }
      ),
      { numRuns: 500 }
    )
    // A payment can always be recorded.
    for (const type of commandTypes)
      expect([seen.get(`${type} accepted`), type === "recordPayment" || seen.get(`${type} refused`)]).not.toContain(undefined)
  })

  it("asks a guard that looks at the input as one that depends on it, and any other once and for all", () => {
    const order = sampleOrder()
    const at = order.updatedAt
    const commands = possibleCommands(lifecycleOf("noActiveSubscriptions", ours), order, { at, actor: { userId: "ada" } })
    expect(commands.map(({ name, possible, to, depends }) => [name, possible, to, depends])).toEqual([
      ["confirm", false, undefined, undefined],
      ["addItems", true, "confirmed", true],
      ["correct", true, "confirmed", undefined],
      ["recordPayment", true, "confirmed", undefined],
      ["release", true, "confirmed", true],
      [
        "startSubscription",
        true,
        order.lines.reduce((sum, { quantity }) => sum + quantity, 0) === 1 ? "fulfilled" : "partial",
        true
      ],
      ["cancelSubscription", false, undefined, undefined],
      ["returnSubscription", false, undefined, undefined],
      ["buyOutSubscription", false, undefined, undefined],
      ["completeSubscription", false, undefined, undefined],
      ["extendSubscription", false, undefined, undefined],
      ["replaceAsset", false, undefined, undefined],
      ["upgradeSubscription", false, undefined, undefined],
      ["cancel", false, undefined, undefined]
    ])
    expect(commands.at(-1)?.blockers).toMatchObject([
      { code: "MANAGERS_ONLY", guard: "managersCancel", remedy: "Ask a manager." }
    ])
  })
})
