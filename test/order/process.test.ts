/** A process of the embedding service's own: where its guards stand, what they can see, and what does not load. */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { createActor } from "xstate"
import { describe, expect, it } from "vitest"
import { statusByCode } from "../../src/http/errors.ts"
import { type CommandType, commandTypes } from "../../src/order/commands/index.ts"
import { decide } from "../../src/order/decide.ts"
import { explain, preview } from "../../src/order/explain.ts"
import { lifecycleOf, machineOf } from "../../src/order/process/lifecycleOf.ts"
import { cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { libraryCodes } from "../../src/order/process/checkProcess.ts"
import { WrongProcess } from "../../src/order/process/WrongProcess.ts"
import { orderProcess, type OrderProcess } from "../../src/order/process/orderProcess.ts"
import type { OwnGuard } from "../../src/order/process/OwnGuard.ts"
import { RuleFailed } from "../../src/order/process/RuleFailed.ts"
import { OwnRefusal } from "../../src/order/process/OwnRefusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { commandOf, history, move, occasion } from "../../src/testing/arbitraries.ts"
import { sampleOrder } from "../support/sampleOrder.ts"

const refusal = (code: string) => ({ code, message: `No: ${code}.`, remedy: `Mend ${code}.` })
const hour = 3_600_000

const windowed = orderProcess("our-shop").guard("withinCancellationWindow", {
  before: "cancel",
  holds: ({ order, at, actor }) => actor.role === "manager" || Date.parse(at) - Date.parse(order.createdAt) <= 48 * hour,
  refusal: refusal("CANCELLATION_WINDOW_CLOSED")
})

describe("a guard of one's own", () => {
  const order = sampleOrder()
  const lifecycle = lifecycleOf("noActiveSubscriptions", windowed)
  const on = (hours: number, role?: string) => ({
    at: Timestamp.make(new Date(Date.parse(order.createdAt) + hours * hour).toISOString()),
    actor: { userId: "ada", ...(role !== undefined && { role }) },
    requestId: "request" as never
  })

  it("lets pass what it holds for, and refuses the rest in its own words", () => {
    const at = (hours: number, role?: string) => decide(lifecycle, order, { type: "cancel" }, on(hours, role))
    expect(Result.isSuccess(at(48))).toBe(true)
    expect(Result.isSuccess(at(49, "manager"))).toBe(true)
    const refused = Result.getFailure(at(49))
    expect(refused).toMatchObject({
      value: {
        _tag: "OwnRefusal",
        orderId: order.orderId,
        guard: "withinCancellationWindow",
        code: "CANCELLATION_WINDOW_CLOSED",
        message: "No: CANCELLATION_WINDOW_CLOSED.",
        remedy: "Mend CANCELLATION_WINDOW_CLOSED."
      }
    })
  })

  it("is a blocker, beside every other one", () => {
    const twice = windowed.guard("neverOnSundays", { before: "cancel", holds: () => false, refusal: refusal("ON_SUNDAYS") })
    const blockers = explain(lifecycleOf("noActiveSubscriptions", twice), order, { type: "cancel" }, on(100))
    expect(blockers.map(({ code, guard }) => [code, guard])).toEqual([
      ["CANCELLATION_WINDOW_CLOSED", "withinCancellationWindow"],
      ["ON_SUNDAYS", "neverOnSundays"]
    ])
    // The process that it was added to is what it was.
    expect(windowed.guards.size).toBe(1)
  })

  it("that throws, or answers anything but true or false, is a defect that names it", () => {
    const answering = (holds: unknown) =>
      lifecycleOf(
        "noActiveSubscriptions",
        orderProcess("x").guard("mine", { before: "cancel", holds: holds as never, refusal: refusal("MINE") })
      )
    const cancel = (holds: unknown) => () => decide(answering(holds), order, { type: "cancel" }, on(1))
    expect(cancel(() => JSON.parse("{"))).toThrow(RuleFailed)
    expect(cancel(() => JSON.parse("{"))).toThrow(/^the guard mine before cancel threw: /)
    expect(cancel(async () => true)).toThrow(
      "the guard mine before cancel must answer true or false at once, and answered a promise"
    )
    expect(cancel(() => 1)).toThrow("answered number")
  })

  it("stands on the machine by its name, and holds where the machine is of no order in particular", () => {
    const machine = machineOf("noActiveSubscriptions", windowed)
    expect(JSON.stringify(machine.config)).toContain("withinCancellationWindow")
    const actor = createActor(machine, { input: { quantity: 1 } }).start()
    actor.send({ type: "cancel" })
    expect(actor.getSnapshot().value).toBe("cancelled")
  })
})

/** A decision as it would be without a process, whose name stands in the event. */
const withoutProcess = (decided: Result.Result<Transition, unknown>) =>
  Result.map(decided, ({ event: { process: _, ...event }, ...transition }) => ({ ...transition, event }))

describe("guards of any process", () => {
  /** Whether it holds depends on the order, the time and the actor, as chance has it. */
  const guard = fc.record({ before: fc.constantFrom(...commandTypes), seed: fc.nat(99) }).map(({ before, seed }): OwnGuard => ({
    before,
    holds: ({ order, command, at, actor }) => (`${order.version} ${command.type} ${at} ${actor.userId}`.length + seed) % 3 !== 0,
    refusal: refusal(`OWN_${seed}`)
  }))
  const anyProcess = () => orderProcess("any")
  const process = fc
    .array(guard, { maxLength: 4 })
    .map((guards) =>
      guards.reduce<ReturnType<typeof anyProcess>>(
        (built, each, n) => built.guard(`guard${n}` as never, each as never),
        anyProcess()
      )
    )

  it("refuse what they do not hold for and nothing else; explanation, preview and decision agree", () => {
    let refusedByOwn = 0
    fc.assert(
      fc.property(
        process,
        fc.constantFrom(...cancellationPolicyNames),
        history(6),
        // Several, so that guards of one's own have something to refuse in every run.
        fc.array(fc.tuple(move, occasion), { minLength: 3, maxLength: 3 }),
        (own, policy, { order }, moves) =>
          moves.forEach(([made, on]) => {
            const command = commandOf(order, made)
            const plain = decide(lifecycleOf(policy), order, command, on)
            const withOwn = lifecycleOf(policy, own)
            const decided = decide(withOwn, order, command, on)
            const failing = [...own.guards].filter(
              ([, each]) =>
                each.before === command.type &&
                !each.holds({ order: { ...order, data: {} }, command, at: on.at, actor: on.actor })
            )
            const [first] = failing
            // The library's own refusals come first; what it accepts passes when every guard of one's own holds.
            if (Result.isFailure(plain)) expect(decided).toEqual(plain)
            else if (first === undefined) expect(withoutProcess(decided)).toEqual(plain)
            else {
              refusedByOwn++
              expect(Result.isFailure(decided) && decided.failure instanceof OwnRefusal && decided.failure.guard).toBe(first[0])
            }
            const blockers = explain(withOwn, order, command, on)
            expect(blockers.length === 0).toBe(Result.isSuccess(decided))
            if (Result.isFailure(decided)) expect(blockers.map(({ code }) => code)).toContain(decided.failure.code)
            if (Result.isSuccess(plain)) expect(blockers.map(({ guard: name }) => name)).toEqual(failing.map(([name]) => name))
            const seen = preview(withOwn, order, command, on)
            expect(seen.blockers).toEqual(blockers)
            expect(seen.plan?.event ?? null).toEqual(Result.isSuccess(decided) ? decided.success.event : null)
          })
      ),
      { numRuns: 2_000 }
    )
    expect(refusedByOwn).toBeGreaterThan(20)
  })
})

describe("a process with a fault", () => {
  const sound = { before: "cancel", holds: () => true, refusal: refusal("MINE") } as const
  const load = (process: unknown) => () => lifecycleOf("noActiveSubscriptions", process as OrderProcess)
  const withGuard = (name: string, guard: unknown) => orderProcess("x").guard(name as never, guard as never)

  it.each<[fault: RegExp, process: unknown]>([
    [/is not one that orderProcess made/, { name: "x", guards: new Map() }],
    [/the name of a process must be/, orderProcess("")],
    [
      /guard mine: there are two of this name/,
      orderProcess("x")
        .guard("mine", sound)
        .guard("mine" as never, sound)
    ],
    [/guard assetIsFree: this name is taken/, withGuard("assetIsFree", sound)],
    [/guard toString: this name is taken/, withGuard("toString", sound)],
    [/guard 1: its name must be letters/, withGuard("1", sound)],
    [/guard mine: before: there is no command cancelled/, withGuard("mine", { ...sound, before: "cancelled" })],
    [/guard mine: .*"holds"/, withGuard("mine", { ...sound, holds: true })],
    [/guard mine: .*"refusal"/, withGuard("mine", { before: "cancel", holds: () => true })],
    [/guard mine: .*"code"/, withGuard("mine", { ...sound, refusal: refusal("mine") })],
    [/guard mine: .*"remedy"/, withGuard("mine", { ...sound, refusal: { code: "MINE", message: "No.", remedy: " " } })],
    [/guard mine: .*"befor"/, withGuard("mine", { ...sound, befor: "cancel" })],
    [
      /guard mine: .*the code ALREADY_CANCELLED is the library's/,
      withGuard("mine", { ...sound, refusal: refusal("ALREADY_CANCELLED") })
    ]
  ])("does not load: %s", (fault, process) => {
    expect(load(process)).toThrow(WrongProcess)
    expect(load(process)).toThrow(fault)
  })

  it("is told all of its faults, one a line", () => {
    const wrong = withGuard("mine", { ...sound, holds: 1 }).guard("assetIsFree" as never, sound)
    const [first, ...faults] = (() => {
      try {
        load(wrong)()
      } catch (error) {
        return (error as Error).message.split("\n")
      }
      return []
    })()
    expect(first).toBe("the process x cannot be used:")
    expect(faults).toHaveLength(2)
  })

  it("can take no code that the library gives over HTTP", () => {
    expect(Object.keys(statusByCode).filter((code) => !libraryCodes.has(code))).toEqual([])
  })

  it("is a mistake that the compiler finds, too", () => {
    // @ts-expect-error there is no such command
    orderProcess("x").guard("mine", { ...sound, before: "cancelled" as const })
    // @ts-expect-error there is one of this name
    orderProcess("x").guard("mine", sound).guard("mine", sound)
    // @ts-expect-error a guard answers at once
    orderProcess("x").guard("mine", { ...sound, holds: async () => true })
    // @ts-expect-error a cancel names no asset
    orderProcess("x").guard("mine", { ...sound, holds: ({ command }) => command.assetSerialNumber !== "" })
    const typed = orderProcess("x").guard("mine", {
      before: "startSubscription",
      holds: ({ command }) => command.assetSerialNumber !== "",
      refusal: refusal("MINE")
    })
    expect([...typed.guards.keys()]).toEqual(["mine"] satisfies ReadonlyArray<CommandType | "mine">)
  })
})
