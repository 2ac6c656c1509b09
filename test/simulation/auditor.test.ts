/**
 * The auditor can object: a run in which everything is true is told to it with one lie in it, and it names the promise that the lie breaks.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { beforeAll, describe, expect, it } from "vitest"
import {
  type Change,
  OrderStore,
  type OrderStore as OrderStoreService,
  StoreUnavailable
} from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { type Order, OrderId } from "../../src/order/Order.ts"
import { OrderNotPending } from "../../src/order/commands/confirm.ts"
import { VersionMismatch } from "../../src/lifecycle/expectedVersion.ts"
import { IdempotencyKeyReused } from "../../src/lifecycle/idempotency.ts"
import { Auditor, type Finding } from "../../src/simulation/Auditor.ts"
import type { Answer, Sent, Watcher } from "../../src/simulation/Call.ts"
import { Consumer, judgeStore } from "../../src/simulation/judgeStore.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { Script } from "../../src/simulation/Script.ts"
import { tried } from "../support/evidence.ts"

// --- the run that is told ----------------------------------------------------------------------------------------------------------------

const place = (...skus: ReadonlyArray<string>) => ({
  type: "place",
  request: {
    customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
    billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
    items: skus.map((sku) => ({ sku, quantity: 1 }))
  }
})
const start = (order: number, assetSerialNumber: string) => ({
  type: "startSubscription",
  order,
  customer: order,
  request: { assetSerialNumber, sku: "LAPTOP" }
})

/** Calls by number; order A is placed by call 0, B by 4, C by 11, D by 14. */
const calls: ReadonlyArray<readonly [call: object, key?: string, attempt?: number, number?: number]> = [
  [place("LAPTOP", "PHONE"), "place A"],
  [{ type: "confirm", order: 0 }],
  [start(0, "L-0")],
  [{ type: "cancel", order: 0, request: {} }],
  [place("LAPTOP")],
  [{ type: "confirm", order: 4 }],
  [start(4, "L-1"), "start B"],
  [{ type: "cancelSubscription", subscription: 2, request: { reason: "customer_request" } }],
  [{ type: "cancel", order: 0, request: { reason: "moved abroad" } }, "cancel A"],
  [{ type: "cancel", order: 0, request: { reason: "moved abroad" } }, "cancel A", 1, 8],
  [{ type: "cancel", order: 0, request: {} }],
  [place("PHONE")],
  [{ type: "cancelMany", orders: [11, 4, "ord_unknown"], request: {} }],
  [{ type: "confirm", order: 0 }],
  [place("LAPTOP")],
  [{ type: "confirm", order: 14 }],
  [start(14, "L-1")]
]

const script = Schema.decodeUnknownSync(Script)({
  seed: 1,
  policy: "noActiveSubscriptions",
  start: "2026-01-05T00:00:00.000Z",
  products: ["LAPTOP", "PHONE"].map((sku) => ({ sku, currency: "EUR", isActive: true })),
  faults: {},
  healAfterMs: 60_000,
  steps: calls.map(([call, key, attempt = 0, number], index) => ({
    atMs: 1_000 * (index + 1),
    number: number ?? index,
    attempt,
    tenant: "north",
    user: "ada",
    ...(key !== undefined && { key }),
    call
  }))
})

type Told =
  | { readonly type: "sent"; readonly sent: Sent; readonly now: number }
  | { readonly type: "committed"; readonly change: Change; readonly now: number }
  | { readonly type: "answered"; readonly sent: Sent; readonly answer: Answer; readonly sentAt: number; readonly now: number }
type Tape = ReadonlyArray<Told>

let truth: Tape = []
beforeAll(async () => {
  const tape: Array<Told> = []
  const recorder: Watcher = {
    sent: (sent, now) => void tape.push({ type: "sent", sent, now }),
    committed: (change, now) => void tape.push({ type: "committed", change, now }),
    answered: (sent, answer, sentAt, now) => void tape.push({ type: "answered", sent, answer, sentAt, now })
  }
  const { findings } = await Effect.runPromise(playScript(script, { watchers: [recorder] }))
  expect(findings).toEqual([])
  truth = tape
})

const newAuditor = () =>
  new Auditor({
    policy: script.policy,
    products: new Map(script.products.map((product) => [product.sku, product]))
  })

const tell = (tape: Tape, auditor = newAuditor()): Auditor => {
  for (const told of tape) {
    if (told.type === "sent") auditor.sent(told.sent, told.now)
    else if (told.type === "committed") auditor.committed(told.change, told.now)
    else auditor.answered(told.sent, told.answer, told.sentAt, told.now)
  }
  return auditor
}

// --- how to lie --------------------------------------------------------------------------------------------------------------------------

/** The attempt that something is about, as `number` or `number.attempt`. */
const aboutOf = (told: Told): string => {
  if (told.type !== "committed") return `${told.sent.number}${told.sent.attempt === 0 ? "" : `.${told.sent.attempt}`}`
  return told.change.transition.event.requestId.replace(/^call-(\d+)-0$/, "$1")
}

/** Tell something else in the place of what was committed for, or answered to, a call; nothing, or more than one thing. */
const instead = (type: "committed" | "answered", about: string, lie: (told: Told) => ReadonlyArray<Told>) => (): Tape => {
  let lies = 0
  const tape = truth.flatMap((told) => {
    if (told.type !== type || aboutOf(told) !== about) return [told]
    lies++
    return lie(told)
  })
  expect(lies).toBe(1)
  return tape
}

type Lies = { readonly [Key in keyof Change]?: unknown } & {
  readonly event?: object
  readonly after?: object
  readonly before?: object
}

const lying = (told: Told, { event = {}, after = {}, before, ...rest }: Lies): Told => {
  if (told.type !== "committed") return told
  const { transition } = told.change
  const lied = {
    before: before === undefined ? transition.before : ({ ...transition.before, ...before } as Order),
    event: { ...transition.event, ...event } as AuditEvent,
    after: { ...transition.after, ...after } as Order
  }
  return { ...told, change: { ...told.change, ...(rest as Partial<Change>), transition: lied } }
}
const committed = (about: string, lies: Lies) => instead("committed", about, (told) => [lying(told, lies)])
const committedTwice = (about: string) => instead("committed", about, (told) => [told, told])
/** A caller that expected a version. */
const expecting = (about: string, expectedVersion: number, tape: () => Tape) => (): Tape =>
  tape().map((told) =>
    told.type === "committed" || aboutOf(told) !== about ? told : { ...told, sent: { ...told.sent, expectedVersion } }
  )
const mismatch = (about: string, version: number) => (): Tape =>
  answered(about, { outcome: "refused", refusal: new VersionMismatch({ orderId: orderOf(0), version }) })()
const neverHappened = (about: string): Tape => truth.filter((told) => aboutOf(told) !== about)
const neverCommitted = (about: string) => instead("committed", about, () => [])

const answered = (about: string, answer: Answer | ((truth: Answer) => Answer)) =>
  instead("answered", about, (told) =>
    told.type === "answered" ? [{ ...told, answer: typeof answer === "function" ? answer(told.answer) : answer }] : []
  )
/** The refusal that a call got, with something else in it. */
const refusedWith = (about: string, lies: object) =>
  answered(about, (answer) => {
    if (answer.outcome !== "refused") return answer
    const refusal = Object.assign(Object.create(Object.getPrototypeOf(answer.refusal) as object) as object, answer.refusal, lies)
    return { outcome: "refused", refusal }
  })
/** The answer that another call got. */
const answerOf = (number: number): Answer => {
  const told = truth.find((each) => each.type === "answered" && each.sent.number === number)
  return told?.type === "answered" ? told.answer : { outcome: "unknown" }
}
const transitionLying = (
  about: string,
  lies: { readonly event?: object; readonly after?: object; readonly isReplay?: boolean }
) =>
  answered(about, (answer) => {
    if (answer.outcome !== "accepted") return answer
    const { before, event, after, replayed } = answer.transition
    const lied = { before, event: { ...event, ...lies.event } as AuditEvent, after: { ...after, ...lies.after } }
    const isReplay = lies.isReplay ?? replayed ?? false
    return { outcome: "accepted", transition: isReplay ? { ...lied, replayed: true } : lied }
  })
/** The accepted answer that a call got, as a repeat of it gets it. */
const replayOf = (number: number): Answer => {
  const answer = answerOf(number)
  if (answer.outcome !== "accepted") throw new Error(`call ${number} was not accepted`)
  return { outcome: "accepted", transition: { ...answer.transition, before: null, replayed: true } }
}

const notPending = (): Answer => ({
  outcome: "refused",
  refusal: new OrderNotPending({ orderId: orderOf(0), status: "confirmed" })
})
const orderOf = (number: number) => {
  const answer = answerOf(number)
  if (answer.outcome !== "accepted") throw new Error(`call ${number} placed nothing`)
  return answer.transition.after.orderId
}
const allHeld = { held: 1, active: 0, ended: 0, released: 0 }

const lies: ReadonlyArray<readonly [lie: string, id: Finding["id"], told: () => Tape]> = [
  // What is committed
  ["an event that skips a version", "C2", committed("1", { event: { sequence: 3 } })],
  ["a change that was decided on an earlier version", "C1", committed("2", { before: { version: 1 } })],
  ["an event that is not sealed behind the newest one", "A6", () => committed("1", { sealed: { previousHash: "0" } })()],
  ["an event that is earlier than the one before it", "A4", committed("1", { event: { at: "2026-01-04T00:00:00.000Z" } })],
  ["an event that begins at another status", "A3", committed("2", { event: { from: "partial" } })],
  ["an event that leads to another status", "T1", committed("1", { event: { to: "partial" } })],
  ["an order that goes to another status than its event", "T1", committed("1", { after: { status: "partial" } })],
  ["an order that goes to another version than its event", "A1", committed("1", { after: { version: 9 } })],
  ["units that move without reason", "S2", committed("1", { after: { lines: [{ units: { ...allHeld, held: 0 } }] } })],
  ["a reservation that does not follow", "S1", committed("2", { reservations: [] })],
  [
    "a cancel that releases more than is held",
    "S4",
    committed("8", { event: { released: [{ line: 1, sku: "PHONE", quantity: 2 }] } })
  ],
  ["a cancel that releases nothing", "S4", committed("8", { event: { released: [] } })],
  ["a confirm that releases something", "S4", committed("1", { event: { released: [{ line: 1, sku: "PHONE", quantity: 1 }] } })],
  [
    "a subscription for a line that is not there",
    "S5",
    committed("2", {
      event: {
        details: { subscriptionId: "s", line: 7, serialNumber: "L-0", startDate: "2026-01-05T00:00:00.000Z", contractLength: 12 }
      }
    })
  ],
  [
    "an asset that is rented twice",
    "S6",
    committed("6", {
      event: {
        details: { subscriptionId: "s", line: 0, serialNumber: "L-0", startDate: "2026-01-05T00:00:00.000Z", contractLength: 12 }
      }
    })
  ],
  ["a subscription that has not ended before a cancel", "T4", () => neverHappened("7")],
  ["an order that nobody has placed", "T1", () => neverHappened("4")],
  ["an order that is placed again", "T1", committedTwice("4")],
  ["an order that is cancelled again", "T2", committedTwice("8")],
  ["a change that is committed twice for one call", "C5", committedTwice("1")],
  ["an event by somebody else", "A4", committed("1", { event: { actor: { userId: "eve" } } })],
  ["a cancel for another reason", "A4", committed("8", { event: { confidential: { reason: "none" } } })],
  ["an event of another tenant", "A4", committed("1", { event: { tenantId: "south" } })],
  ["a change that is not remembered under its key", "C5", committed("8", { remember: undefined })],
  ["a change of another version than its caller expects", "C1", expecting("1", 2, () => truth)],

  // What is answered
  ["an accepted answer to what was never committed", "C1", neverCommitted("11")],
  ["an accepted answer about another version", "C1", transitionLying("1", { event: { sequence: 1 } })],
  ["an accepted answer with another order in it", "C1", transitionLying("1", { after: { version: 1 } })],
  ["a first answer that is said to be a replay", "C5", transitionLying("1", { isReplay: true })],
  ["a replay that is not said to be one", "C5", transitionLying("8.1", { isReplay: false })],
  ["a replay that shows the order as it was before", "C1", transitionLying("8.1", { after: { version: 3, status: "partial" } })],
  ["a replay that shows an order that never was", "C1", transitionLying("8.1", { after: { status: "confirmed" } })],
  ["an accepted answer to another question", "A4", () => answered("5", answerOf(1))()],
  ["a commit that is told as if nothing had been done", "C7", answered("1", { outcome: "unavailable" })],
  ["a refusal of what was committed", "C6", () => answered("1", notPending())()],
  ["a refusal under a key of what was committed", "C5", () => answered("8.1", answerOf(10))()],
  ["a refusal without a reason", "C7", () => answered("3", answerOf(10))()],
  ["a refusal that names other subscriptions", "C7", refusedWith("3", { subscriptionIds: [] })],
  ["a refusal that names another status", "C7", refusedWith("13", { status: "confirmed" })],
  ["a refusal that has another reason of the cancel", "C7", refusedWith("10", { reason: "none" })],
  ["an asset that is said to be rented and is not", "C7", neverCommitted("6")],
  [
    "a placement that is refused without a reason",
    "C7",
    () => answered("11", refused("VARIANT_INACTIVE"))().filter((told) => told.type !== "committed")
  ],
  [
    "a key that is said to be used and is not",
    "C5",
    answered("8.1", { outcome: "refused", refusal: new IdempotencyKeyReused() })
  ],
  [
    "a version that is said to be another than expected, where none is",
    "C7",
    answered("3", { outcome: "refused", refusal: new VersionMismatch({ orderId: OrderId.make("a"), version: 2 }) })
  ],
  ["a version that is said to be another than expected, and is not", "C7", expecting("3", 3, mismatch("3", 3))],
  ["a version that the order never was at", "C7", expecting("3", 9, mismatch("3", 7))],
  ["a version that is said to be another under a key that was answered", "C5", expecting("8.1", 9, mismatch("8.1", 5))],
  [
    "one of many that is said to be at another version than expected",
    "C7",
    answered("12", (answer) =>
      answer.outcome === "many"
        ? {
            ...answer,
            outcomes: answer.outcomes.map(({ orderId }) => ({
              orderId,
              outcome: Result.fail(new VersionMismatch({ orderId, version: 2 }))
            }))
          }
        : answer
    )
  ],
  ["an answer of the dead", "died", answered("3", { outcome: "died", defect: "TypeError" })],
  [
    "many answers of which one is missing",
    "C1",
    answered("12", (answer) => (answer.outcome === "many" ? { ...answer, outcomes: answer.outcomes.slice(1) } : answer))
  ],
  [
    "one of many that is refused and was cancelled",
    "C7",
    answered("12", (answer) =>
      answer.outcome === "many"
        ? {
            ...answer,
            outcomes: answer.outcomes.map((each, index) =>
              index === 0 ? { ...each, outcome: Result.fail(new StoreUnavailable({ cause: "a lie" })) } : each
            )
          }
        : answer
    )
  ]
]

const refused = (code: string): Answer => {
  const { refusal } = notPending() as Extract<Answer, { outcome: "refused" }>
  const lied = Object.assign(Object.create(Object.getPrototypeOf(refusal) as object) as object, refusal, { code })
  return { outcome: "refused", refusal: lied as typeof refusal }
}

describe("the auditor", () => {
  it("objects to nothing that is true", () => {
    expect(tell(truth).findings).toEqual([])
    expect(truth.filter(({ type }) => type === "committed").length).toBeGreaterThan(10)
    expect(tell(expecting("3", 9, mismatch("3", 3))()).findings).toEqual([])
    expect(tell(expecting("1", 1, () => truth)()).findings).toEqual([])
  })

  it.each(lies)("objects to %s (%s)", (_, id, told) => {
    expect(tell(told()).findings.map((finding) => finding.id)).toContain(id)
    tried("lies told to the simulation's auditor, all of them found")
  })

  it("objects when something is committed after its caller was told that nothing was done", () => {
    const isCommit = (told: Told) => told.type === "committed" && aboutOf(told) === "8"
    const before = truth.filter((told) => !isCommit(told) && (told.type !== "answered" || aboutOf(told) !== "8.1"))
    const lied = before.map((told): Told =>
      told.type === "answered" && aboutOf(told) === "8" ? { ...told, answer: { outcome: "unavailable" } } : told
    )
    const { findings } = tell([...lied, ...truth.filter(isCommit)])
    expect(findings.map(({ id }) => id)).toContain("C7")
  })

  it("takes the same command under the same key for the same call, whoever makes it", () => {
    const [first, other] = [8, 10].map((number) => truth.find((told) => told.type === "sent" && told.sent.number === number))
    if (first?.type !== "sent" || other?.type !== "sent") throw new Error("both calls were sent")
    const tellMore = (sent: Sent, answer: Answer) => {
      const auditor = tell(truth)
      auditor.sent(sent, first.now + 1_000)
      auditor.answered(sent, answer, first.now + 1_000, first.now + 1_000)
      return auditor.findings.map(({ id }) => id)
    }
    const again = { ...first.sent, number: 50 }
    expect(tellMore(again, replayOf(8))).toEqual([])
    expect(tellMore(again, answerOf(8))).toEqual(["C5"])
    // What one attempt was told of itself says nothing about the other.
    expect(tellMore(again, { outcome: "unavailable" })).toEqual([])
    expect(tellMore(again, { outcome: "refused", refusal: new IdempotencyKeyReused() })).toEqual(["C5"])

    const another: Sent = { ...other.sent, number: 51, key: "cancel A" }
    expect(tellMore(another, { outcome: "refused", refusal: new IdempotencyKeyReused() })).toEqual([])
    expect(tellMore(another, answerOf(8))).toContain("C1")
  })

  it("lets nobody off who knows nothing, and blames nobody for it", () => {
    const unknown = truth.map((told): Told => (told.type === "answered" ? { ...told, answer: { outcome: "unknown" } } : told))
    expect(tell(unknown).findings).toEqual([])
  })
})

// --- what is stored ----------------------------------------------------------------------------------------------------------------------

type Store = OrderStoreService["Service"]

/** Judge a store in which all is as it was told, except for what `spoil` does to it. */
const judged = (spoil: (store: Store) => Store): Promise<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const store = Context.get(yield* Layer.build(Layer.fresh(memory)), OrderStore)
    for (const told of truth) if (told.type === "committed") yield* store.commit([told.change])
    const auditor = tell(truth)
    yield* judgeStore(auditor, spoil(store), 0)
    return auditor.findings.map(({ id, message }) => `${id} ${message}`)
  }).pipe(Effect.scoped, Effect.runPromise)

const loadsOrder =
  (alter: (order: Order) => Order | null) =>
  (store: Store): Store => ({
    ...store,
    load: (requests) =>
      Effect.map(store.load(requests), (loads) =>
        loads.map((loaded) => ({ ...loaded, order: loaded.order?.orderId === orderOf(0) ? alter(loaded.order) : loaded.order }))
      )
  })

describe("the judgement of a store", () => {
  it("finds nothing where nothing is wrong", async () => {
    expect(await judged((store) => store)).toEqual([])
  })

  it.each<readonly [wrong: string, said: string, spoil: (store: Store) => Store]>([
    ["an order that is gone", "is gone", loadsOrder(() => null)],
    ["an older version", "is at version 4", loadsOrder((order) => ({ ...order, version: order.version - 1 }))],
    ["another status", "is pending", loadsOrder((order) => ({ ...order, status: "pending" }))],
    [
      "units elsewhere",
      "1 held",
      loadsOrder((order) => ({ ...order, lines: order.lines.map((line) => ({ ...line, units: allHeld })) }))
    ],
    ["a lost subscription", "other subscriptions", loadsOrder((order) => ({ ...order, subscriptions: [] }))],
    [
      "another reason",
      "for another reason",
      loadsOrder(({ cancellation, ...order }) => ({
        ...order,
        ...(cancellation && { cancellation: { ...cancellation, reason: "x" } })
      }))
    ],
    [
      "another newest event",
      "another newest event",
      (store) => ({
        ...store,
        load: (requests) => Effect.map(store.load(requests), (loads) => loads.map((loaded) => ({ ...loaded, headHash: "0" })))
      })
    ],
    [
      "an order that nobody placed",
      "nobody has placed it",
      (store) => ({
        ...store,
        orderIds: (tenantId, after, limit) =>
          Effect.map(store.orderIds(tenantId, after, limit), (ids) =>
            after === null ? [...ids, "stray" as (typeof ids)[number]] : ids
          )
      })
    ],
    ["another stock", "are reserved", (store) => ({ ...store, stock: () => Effect.succeed({ reserved: 99, rented: 0 }) })]
  ])("finds %s", async (_, said, spoil) => {
    expect((await judged(spoil)).join("\n")).toContain(said)
    tried("lies told to the simulation's auditor, all of them found")
  })
})

describe("the consumer of the outbox", () => {
  const events = () => truth.flatMap((told) => (told.type === "committed" ? [told.change.sealed] : []))
  const consumed = (sealed: ReturnType<typeof events>) => {
    const auditor = tell(truth)
    const consumer = new Consumer(auditor)
    consumer.take(sealed, 0)
    consumer.judge(0)
    return auditor.findings.map(({ id }) => id)
  }

  it("takes events once or more often, in sequence", () => {
    expect(consumed(events())).toEqual([])
    expect(consumed(events().flatMap((sealed) => [sealed, sealed]))).toEqual([])
  })

  it("objects to an event that never comes (O2) and to one that comes too early (O3)", () => {
    expect(consumed(events().slice(0, -1))).toEqual(["O2"])
    expect(consumed(events().filter(({ event }) => event.sequence !== 2))).toContain("O3")
  })
})
