/** A lifecycle with statuses, commands and data of the embedding service's own: what it decides, what does not compile, what does not load. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { orderProcess, Timestamp } from "order-lifecycle"
import { describe, expect, it } from "vitest"
import { createActor } from "xstate"
import { canonicalEvent } from "../../src/order/auditChain.ts"
import { decide } from "../../src/order/decide.ts"
import { evolve } from "../../src/order/evolve.ts"
import { explain, preview } from "../../src/order/explain.ts"
import { statusesOf, UnknownStatus } from "../../src/order/lifecycleTable.ts"
import type { Order, OrderStatus } from "../../src/order/Order.ts"
import { possibleCommands } from "../../src/order/possibleCommands.ts"
import { lifecycleOf, machineOf } from "../../src/order/process/lifecycleOf.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { RuleFailed } from "../../src/order/process/RuleFailed.ts"
import { WrongProcess } from "../../src/order/process/WrongProcess.ts"
import { sampleOrder } from "../support/sampleOrder.ts"
import { shopProcess } from "../support/shopProcess.ts"

const lifecycle = lifecycleOf("noActiveSubscriptions", shopProcess)
const order = { ...sampleOrder(), status: "pending" } as const
const on = (hours: number, role?: string) => ({
  at: Timestamp.make(new Date(Date.parse(order.createdAt) + hours * 3_600_000).toISOString()),
  actor: { userId: "ada", ...(role !== undefined && { role }) },
  requestId: "request" as never
})
/** An own command passes for one of the library's where it is decided on. */
const give = (from: Order, command: object, hours = 1, role?: string) =>
  decide(lifecycle, from, command as { type: "cancel" }, on(hours, role))
const after = (from: Order, command: object) => Result.getOrThrow(give(from, command)).after
const codeOf = (decision: ReturnType<typeof give>) => (Result.isFailure(decision) ? decision.failure.code : "accepted")

const confirmed = after(order, { type: "confirm" })
const held = after(confirmed, { type: "hold", why: "The address is unclear" })

describe("a lifecycle of one's own", () => {
  it("has its statuses and commands beside the library's", () => {
    expect(statusesOf(lifecycle)).toEqual(["pending", "confirmed", "partial", "fulfilled", "cancelled", "onHold"])
    expect(held.status).toBe("onHold")
    expect(after(held, { type: "resume" }).status).toBe("confirmed")
    expect(codeOf(give(held, { type: "hold", why: "again" }))).toBe("NOT_HOLDABLE")
    expect(codeOf(give(order, { type: "hold", why: "early" }))).toBe("NOT_HOLDABLE")
    expect(codeOf(give(confirmed, { type: "hold", why: "because" }))).toBe("SAY_MORE")
  })

  it("answers the library's commands in a status of its own as in the one it is like, but for those that are said", () => {
    expect(codeOf(give(held, { type: "confirm" }))).toBe("ORDER_NOT_PENDING")
    const start = {
      type: "startSubscription",
      assetSerialNumber: "S",
      customerId: held.customer.customerId,
      subscriptionId: "s",
      asset: { isKnown: true, isRented: false }
    }
    expect(codeOf(give(held, start))).toBe("ON_HOLD")
    expect(codeOf(give(held, { type: "cancelSubscription", rentalId: "x", reason: "other" }))).toBe("NOT_FOUND")
    expect(codeOf(give(held, { type: "cancel" }, 49))).toBe("CANCELLATION_WINDOW_CLOSED")
    const cancelled = Result.getOrThrow(give(held, { type: "cancel" }, 49, "manager"))
    expect(cancelled.after.status).toBe("cancelled")
    expect(cancelled.event.released.map(({ quantity }) => quantity)).toEqual(held.lines.map(({ quantity }) => quantity))
  })

  it("keeps data of its own, which its rules see and its commands change", () => {
    const shipped = after(confirmed, { type: "ship" })
    expect(shipped.data).toEqual({ channel: "web", shippedAt: on(1).at })
    expect(codeOf(give(shipped, { type: "ship" }))).toBe("SHIPPED_BEFORE")
    // What does not change them leaves them the very same.
    expect(after(shipped, { type: "hold", why: "Too fast" }).data).toBe(shipped.data)
  })

  it("records its commands in events that say all that they change, and what is personal apart", () => {
    const { event } = Result.getOrThrow(give(confirmed, { type: "hold", why: "The address is unclear", note: "Ask Grace" }))
    expect(event).toMatchObject({
      type: "order.held",
      process: { name: "our-shop", version: 3 },
      from: "confirmed",
      to: "onHold",
      released: [],
      details: { payload: { why: "The address is unclear" } },
      confidential: { note: "Ask Grace" }
    })
    // No process is asked for the fold.
    expect(evolve(confirmed, event)).toEqual({ ...confirmed, version: 4, status: "onHold", updatedAt: event.at })
    expect(canonicalEvent(event, "seal", null)).toContain(`"process":{"name":"our-shop","version":3}`)
    // Events of the library's commands say, too, under which process they came about.
    expect(Result.getOrThrow(give(held, { type: "cancel" })).event.process).toEqual({ name: "our-shop", version: 3 })
  })

  it("is explained, previewed and listed like the library's", () => {
    const hold = { type: "hold", why: "because" } as never
    expect(explain(lifecycle, confirmed, hold, on(1))).toMatchObject([{ code: "SAY_MORE", guard: "saysMore" }])
    expect(explain(lifecycle, held, hold, on(1))).toMatchObject([{ code: "NOT_HOLDABLE", guard: "canHold" }])
    expect(preview(lifecycle, confirmed, { type: "hold", why: "Ask" } as never, on(1)).plan).toMatchObject({ status: "onHold" })
    const listed = possibleCommands(lifecycle, confirmed, on(49))
    expect(listed.map(({ name, possible, to, depends }) => [name, possible, to, depends])).toEqual([
      ["confirm", false, undefined, undefined],
      ["addItems", true, "confirmed", true],
      ["correct", true, "confirmed", undefined],
      ["recordPayment", true, "confirmed", undefined],
      ["release", true, "confirmed", true],
      ["startSubscription", true, "partial", true],
      ["cancelSubscription", false, undefined, undefined],
      ["returnSubscription", false, undefined, undefined],
      ["buyOutSubscription", false, undefined, undefined],
      ["completeSubscription", false, undefined, undefined],
      ["extendSubscription", false, undefined, undefined],
      ["replaceAsset", false, undefined, undefined],
      ["upgradeSubscription", false, undefined, undefined],
      ["cancel", false, undefined, undefined],
      ["hold", true, "onHold", true],
      ["resume", false, undefined, undefined],
      ["ship", true, "confirmed", undefined]
    ])
  })

  it("is listed without an input, also where a rule cannot do without one", () => {
    const strict = shopProcess.guard("isLong", {
      before: "hold",
      holds: ({ command }) => command.why.trim().length > 3,
      refusal: { code: "TOO_SHORT", message: "That is short.", remedy: "Say more." }
    })
    const listed = possibleCommands(lifecycleOf("noActiveSubscriptions", strict), confirmed, on(1))
    expect(listed.find(({ name }) => (name as string) === "hold")).toEqual({
      name: "hold",
      possible: true,
      to: "onHold",
      depends: true,
      blockers: []
    })
  })

  it("is an ordinary XState machine", () => {
    const actor = createActor(machineOf("noActiveSubscriptions", shopProcess), { input: { quantity: 2 } }).start()
    for (const type of ["confirm", "hold"]) actor.send({ type } as never)
    expect(actor.getSnapshot().value).toBe("onHold")
    for (const type of ["startSubscription", "resume", "cancel"]) actor.send({ type } as never)
    expect(actor.getSnapshot().value).toBe("cancelled")
  })

  it("does not guess at a status that it does not have", () => {
    const elsewhere = { ...held, status: "lost" as OrderStatus }
    expect(() => give(elsewhere, { type: "cancel" })).toThrow(UnknownStatus)
    expect(() => give(elsewhere, { type: "cancel" })).toThrow("the status lost is not known to the process our-shop")
    expect(() => decide(lifecycleOf("noActiveSubscriptions"), held, { type: "cancel" }, on(1))).toThrow(
      "the status onHold is not known here"
    )
  })

  it("names the rule whose data do not fit", () => {
    const wrong = (data: unknown) =>
      lifecycleOf(
        "noActiveSubscriptions",
        orderProcess("x", { data: Schema.Struct({ n: Schema.optionalKey(Schema.Int) }) }).command("count", {
          description: "Counts.",
          event: "order.counted",
          from: { pending: "pending" },
          otherwise: { code: "NO", message: "No.", remedy: "None." },
          data: data as never
        })
      )
    const count = (data: unknown) => () => decide(wrong(data), order, { type: "count" } as never, on(1))
    expect(count(() => ({ n: "many" }))).toThrow(RuleFailed)
    expect(count(() => ({ n: "many" }))).toThrow("the data after count must answer data that fit the schema of the process")
    expect(count(() => ({ more: 1 }))).toThrow(RuleFailed)
    expect(count(() => JSON.parse("{"))).toThrow(/^the data after count threw: /)
    expect(
      Result.isSuccess(
        decide(
          wrong(() => ({ n: 1 })),
          order,
          { type: "count" } as never,
          on(1)
        )
      )
    ).toBe(true)
  })
})

describe("a rule that changes what it is given", () => {
  const counting = (data: (facts: never) => object) =>
    lifecycleOf(
      "noActiveSubscriptions",
      orderProcess("x", { data: Schema.Struct({ n: Schema.Int }), initial: { n: 0 } }).command("count", {
        description: "Counts.",
        event: "order.counted",
        from: { pending: "pending" },
        otherwise: { code: "NO", message: "No.", remedy: "None." },
        data: data as never
      })
    )
  const count = (lifecycle: ReturnType<typeof counting>, from: Order = order) =>
    Result.getOrThrow(decide(lifecycle, from, { type: "count" } as never, on(1))).after.data

  it("is told so, and changes neither order nor process", () => {
    const mutating = counting(({ order }: { order: { data: { n: number } } }) => {
      order.data.n++
      return order.data
    })
    expect(() => count(mutating)).toThrow("the data after count threw: Cannot assign to read only property 'n'")
    const lifecycle = lifecycleOf(
      "noActiveSubscriptions",
      orderProcess("x").guard("meddles", {
        before: "confirm",
        holds: ({ order }) => {
          ;(order as { status: string }).status = "partial"
          return true
        },
        refusal: { code: "NO", message: "No.", remedy: "None." }
      })
    )
    expect(() => decide(lifecycle, { ...order }, { type: "confirm" }, on(1))).toThrow(RuleFailed)
  })

  it("and keeps what it gave has no hold on the order", () => {
    const kept = { n: 0 }
    const sharing = counting(() => Object.assign(kept, { n: kept.n + 1 }))
    // Each rule is asked once when the process is loaded.
    kept.n = 0
    const first = count(sharing)
    expect([first, count(sharing), first]).toEqual([{ n: 1 }, { n: 2 }, { n: 1 }])
  })
})

const words = { code: "NO", message: "No.", remedy: "None." }
const command = { description: "Does it.", event: "order.done", from: { pending: "pending" }, otherwise: words } as const
const status = { description: "Somewhere.", like: "confirmed" } as const
const base = orderProcess("x", { data: Schema.Struct({ channel: Schema.optionalKey(Schema.Literals(["web", "shop"])) }) })

describe("what is wrong with a process", () => {
  it("does not compile", () => {
    expect(base.guard("a", { before: "cancel", holds: ({ order }) => order.data.channel === "web", refusal: words }).name).toBe(
      "x"
    )
    void (() => {
      // @ts-expect-error: no such status to come from
      base.command("a", { ...command, from: { nowhere: "pending" } })
      // @ts-expect-error: no such status to lead to
      base.command("a", { ...command, from: { pending: "nowhere" } })
      // @ts-expect-error: no such command
      base.guard("a", { before: "fly", holds: () => true, refusal: words })
      // @ts-expect-error: no such member of the own data
      base.guard("a", { before: "cancel", holds: ({ order }) => order.data.colour === "red", refusal: words })
      // @ts-expect-error: no such value of the own data
      base.guard("a", { before: "cancel", holds: ({ order }) => order.data.channel === "telephone", refusal: words })
      // @ts-expect-error: no such member of the payload
      base.command("b", { ...command, payload: Schema.Struct({ why: Schema.String }), personal: ["who"] })
      // @ts-expect-error: no such status to be like
      base.status("a", { ...status, like: "nowhere" })
      // @ts-expect-error: an asynchronous guard
      base.guard("a", { before: "cancel", holds: async () => true, refusal: words })
      // @ts-expect-error: the name of a status of the library
      base.status("partial", status)
      // @ts-expect-error: the own data need what an order begins with
      orderProcess("x", { data: Schema.Struct({ channel: Schema.String }) })
      // @ts-expect-error: a value that the own data do not have
      orderProcess("x", { data: Schema.Struct({ channel: Schema.Literals(["web"]) }), initial: { channel: "shop" } })
    })
  })

  const load = (process: OrderProcess) => () => lifecycleOf("noActiveSubscriptions", process)
  const any = base as unknown as {
    status: (name: string, status: unknown) => typeof any
    command: (name: string, command: unknown) => typeof any
    guard: (name: string, guard: unknown) => typeof any
  } & OrderProcess
  const withData = (options: unknown) => orderProcess("x", options as never) as unknown as typeof any

  it.each<[fault: string | RegExp, process: OrderProcess]>([
    ["command a: from: there is no status nowhere", any.command("a", { ...command, from: { nowhere: "pending" } })],
    ["command a: from: there is no status nowhere to lead to", any.command("a", { ...command, from: { pending: "nowhere" } })],
    ["command a: from: must name a status", any.command("a", { ...command, from: {} })],
    ["command a: from: nothing follows cancelled", any.command("a", { ...command, from: { cancelled: "cancelled" } })],
    [
      "command a: from: a command of the process cannot lead to cancelled",
      any.command("a", { ...command, from: { pending: "cancelled" } })
    ],
    ["guard a: before: there is no command fly", any.guard("a", { before: "fly", holds: () => true, refusal: words })],
    ["command cancel: this name is taken", any.command("cancel", command)],
    ["command place: this name is taken", any.command("place", command)],
    ["command a: there are two of this name", any.command("a", command).command("a", command)],
    ["command b: event: order.done is the event of a, too", any.command("a", command).command("b", command)],
    ["command a: event: order.cancelled is an event of the library", any.command("a", { ...command, event: "order.cancelled" })],
    [/command a: .*"event"/, any.command("a", { ...command, event: "Held!" })],
    ["command a: payload: must be a Schema.Struct", any.command("a", { ...command, payload: Schema.String })],
    [
      "command a: payload: must be JSON as it is",
      any.command("a", { ...command, payload: Schema.Struct({ at: Schema.DateFromString }) })
    ],
    [
      "command a: payload: a member cannot be called type",
      any.command("a", { ...command, payload: Schema.Struct({ type: Schema.String }) })
    ],
    ["command a: personal: the payload has no member who", any.command("a", { ...command, personal: ["who"] })],
    ["command a: ", any.command("a", undefined)],
    ["command a: from: must name a status", any.command("a", { ...command, from: { pending: undefined } })],
    ["command a: payload: must be JSON as it is", any.command("a", { ...command, payload: Schema.Struct({ n: Schema.BigInt }) })],
    [
      "command a: payload: must be JSON as it is",
      any.command("a", { ...command, payload: Schema.Struct({ n: Schema.optional(Schema.String) }) })
    ],
    ["data: initial must not contain U+0000", withData({ data: Schema.Struct({ n: Schema.String }), initial: { n: "\u0000" } })],
    ["data: initial.n is not a member", withData({ initial: { n: 1 } })],
    ["guard isPending: this name is taken", any.guard("isPending", { before: "confirm", holds: () => true, refusal: words })],
    [
      "guard canA: this name is taken",
      any.command("a", command).guard("canA", { before: "a", holds: () => true, refusal: words })
    ],
    ["status partial: this name is taken", any.status("partial", status)],
    ["status On Hold: its name must be letters and digits", any.status("On Hold", status)],
    ["status a: like: there is no status nowhere", any.status("a", { ...status, like: "nowhere" })],
    [
      "status a: like: an order that is cancelled is over, so no status can be like it",
      any.status("a", { ...status, like: "cancelled" })
    ],
    ["status a: must say either like or units", any.status("a", { ...status, units: "held" })],
    ["status a: must say either like or units", any.status("a", { description: "Somewhere." })],
    ["status a: but: every status answers cancel", any.status("a", { ...status, but: { cancel: words } })],
    ["status a: but: the library has no command fly", any.status("a", { ...status, but: { fly: words } })],
    [
      "the code ALREADY_CANCELLED is the library's",
      any.status("a", { ...status, but: { confirm: { ...words, code: "ALREADY_CANCELLED" } } })
    ],
    ["status a: no command leads to it", any.status("a", status)],
    ["the version of a process must be a whole number from 1 on", withData({ version: 0.5 })],
    ["data: the schema must be a Schema.Struct", withData({ data: Schema.String })],
    [
      "data: the schema must be JSON as it is",
      withData({ data: Schema.Struct({ at: Schema.optionalKey(Schema.DateFromString) }) })
    ],
    ["data: initial.channel is required", withData({ data: Schema.Struct({ channel: Schema.String }) })]
  ])("does not load: %s", (fault, process) => {
    expect(load(process)).toThrow(WrongProcess)
    expect(load(process)).toThrow(fault)
  })

  it("loads with any JSON in payload and data", () => {
    const json = Schema.Struct({ any: Schema.optionalKey(Schema.Json), more: Schema.optionalKey(Schema.Array(Schema.Json)) })
    expect(load(orderProcess("x", { data: json }).command("a", { ...command, payload: json }))).not.toThrow()
  })

  it("says all at once, one a line", () => {
    const wrong = any
      .command("a", { ...command, from: { nowhere: "pending" } })
      .guard("b", { before: "fly", holds: () => true, refusal: words })
    expect(load(wrong)).toThrow(
      "the process x cannot be used:\n  command a: from: there is no status nowhere\n  guard b: before: there is no command fly"
    )
  })

  it.each<[told: string, process: OrderProcess]>([
    [
      "status fulfilled cannot have units that are 1 held, 0 active, 0 ended, 0 released: place 1, finish",
      any.command("finish", { ...command, from: { pending: "fulfilled" } })
    ],
    [
      "status aside cannot have units that are 0 held, 1 active, 0 ended, 0 released: place 1, confirm, startSubscription, putAside",
      any.status("aside", status).command("putAside", { ...command, from: { confirmed: "aside", fulfilled: "aside" } })
    ],
    [
      "status confirmed cannot have units that are 0 held, 1 active, 0 ended, 0 released: place 1, confirm, startSubscription, putAside, back",
      any
        .status("aside", { description: "Anywhere.", units: "none" })
        .command("putAside", { ...command, from: { fulfilled: "aside" } })
        .command("back", { ...command, event: "order.back", from: { aside: "confirmed" } })
    ]
  ])("breaks a law, and the shortest way there is told: %s", (told, process) => {
    expect(load(process)).toThrow(told)
  })
})
