/**
 * Shared statements: calls that come while others are at work wait for a free statement and go in it together.
 *
 * No timer holds a call up. As long as a statement is free, a call has one of its own at once; only when all of them are under way do calls
 * queue, and the first that comes back takes what has queued of one tenant. So a lone call waits for nothing, and the busier it gets, the more
 * calls one statement carries.
 *
 * What a statement cannot do for one of its calls (its order is locked or has moved on, it lost a race for a key, it broke something), that call
 * does alone, and so is answered as if it had never shared anything.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Metric from "effect/Metric"
import type { TenantId } from "../order/Order.ts"
import { Deadline } from "./Deadline.ts"

/** Whether calls that come at the same time share statements: they do, unless this is provided as false where the store is built. */
export const SharesStatements = Context.Reference<boolean>("order-lifecycle/postgres/SharesStatements", {
  defaultValue: () => true
})

/** So many statements of a kind are under way at once. */
const mostUnderWay = 2

/** So many calls one statement carries at most. */
const mostTogether = 100

const size = Metric.histogram("order_lifecycle_statement_calls", {
  description: "calls that one shared statement carried",
  boundaries: [1, 2, 4, 8, 16, 32, 64, mostTogether]
})
const wait = Metric.histogram("order_lifecycle_statement_wait_ms", {
  description: "how long the first call of a shared statement had waited for it",
  boundaries: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
})

/** Calls of one kind, and the ways to carry them out. */
export interface Kind<Call, Answer, E> {
  /** What the metrics call it. */
  readonly name: string
  /** All at once, for one tenant; undefined for each that is to be carried out alone. Whatever fails with a defect is carried out alone as well. */
  readonly together: (tenantId: TenantId, calls: ReadonlyArray<Call>) => Effect.Effect<ReadonlyArray<Answer | undefined>, E>
  readonly alone: (tenantId: TenantId, call: Call) => Effect.Effect<Answer, E>
  /** What a statement can have to do with once only: two calls with a name in common do not go together. */
  readonly namesOf?: (call: Call) => ReadonlyArray<string>
  /** How a call ends for which there is no answer by the deadline. Waiting for a statement counts. */
  readonly tooLate: (isSent: boolean) => E
}

interface Waiting<Call, Answer, E> {
  readonly call: Call
  readonly names: ReadonlyArray<string>
  readonly context: Context.Context<never>
  readonly since: number
  readonly deadlineMs: number
  readonly answer: (answer: Effect.Effect<Answer, E>) => void
  isSent: boolean
}

/** Carry out a call of a tenant, together with others that come at the same time. */
export const shared = <Call, Answer, E>(kind: Kind<Call, Answer, E>) => {
  const { together, alone, namesOf = () => [], tooLate } = kind
  type Queued = Waiting<Call, Answer, E>
  const sizes = Metric.withAttributes(size, { statement: kind.name })
  const waits = Metric.withAttributes(wait, { statement: kind.name })
  /** Who waits, by tenant. Tenants take turns: the one that stands first is next, and stands last afterwards. */
  const queues = new Map<TenantId, Set<Queued>>()
  let underWay = 0
  let isProceeding = false

  const carryOut = (tenantId: TenantId, batch: ReadonlyArray<Queued>): void => {
    const [first] = batch
    if (first === undefined) return
    underWay++
    for (const each of batch) each.isSent = true
    sizes.updateUnsafe(batch.length, first.context)
    waits.updateUnsafe(nowIn(first) - first.since, first.context)
    // A statement that cannot even be made is a defect like any other.
    const work = Effect.suspend(() =>
      together(
        tenantId,
        batch.map(({ call }) => call)
      )
    )
    // It goes on as long as the most patient of them waits: each of the others is told when its own time is up.
    const deadlineMs = Math.max(...batch.map((each) => each.deadlineMs))
    Effect.runForkWith(Context.add(first.context, Deadline, deadlineMs))(work).addObserver((exit) => {
      underWay--
      proceed()
      const byItself = (each: Queued) =>
        Effect.provideService(
          Effect.suspend(() => alone(tenantId, each.call)),
          Deadline,
          leftOf(each)
        )
      // One call by itself has broken its statement by itself.
      const isDefect = batch.length > 1 && Exit.isFailure(exit) && Cause.hasDies(exit.cause)
      batch.forEach((each, position) => {
        const answer = Exit.isSuccess(exit) ? exit.value[position] : undefined
        if (answer !== undefined) each.answer(Effect.succeed(answer))
        else if (Exit.isSuccess(exit) || isDefect) each.answer(byItself(each))
        else each.answer(Effect.failCause(exit.cause))
      })
    })
  }

  /** Whatever may go now. A statement that ends while this is at it only leaves more to go. */
  const proceed = (): void => {
    if (isProceeding) return
    isProceeding = true
    try {
      // A tenant that is not through comes again, behind the others.
      for (const [tenantId, queue] of queues) {
        if (underWay >= mostUnderWay) break
        queues.delete(tenantId)
        const batch = takeFrom(queue)
        if (queue.size > 0) queues.set(tenantId, queue)
        carryOut(tenantId, batch)
      }
    } finally {
      isProceeding = false
    }
  }

  /** The first that can go together. */
  const takeFrom = (queue: Set<Queued>): ReadonlyArray<Queued> => {
    const names = new Set<string>()
    const batch: Array<Queued> = []
    for (const each of queue) {
      if (batch.length >= mostTogether) break
      if (each.names.some((name) => names.has(name))) continue
      for (const name of each.names) names.add(name)
      batch.push(each)
      queue.delete(each)
    }
    return batch
  }

  /** Who leaves before a statement has taken the call has done nothing. */
  const leave = (tenantId: TenantId, leaving: Queued): void => {
    const queue = queues.get(tenantId)
    queue?.delete(leaving)
    if (queue?.size === 0) queues.delete(tenantId)
  }

  return (tenantId: TenantId, call: Call): Effect.Effect<Answer, E> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.callback<Answer, E>((resume) => {
        const answer = (answered: Effect.Effect<Answer, E>): void => {
          stopWaiting()
          resume(answered)
        }
        const deadlineMs = Duration.toMillis(Duration.fromInputUnsafe(Context.get(context, Deadline)))
        const waiting: Queued = {
          call,
          names: namesOf(call),
          context,
          since: nowIn({ context }),
          deadlineMs,
          answer,
          isSent: false
        }
        const stopWaiting = after(deadlineMs, () => {
          const { isSent } = waiting
          if (!isSent) leave(tenantId, waiting)
          resume(Effect.fail(tooLate(isSent)))
        })
        const queue = queues.get(tenantId)
        if (queue === undefined) queues.set(tenantId, new Set([waiting]))
        else queue.add(waiting)
        proceed()
        return Effect.sync(() => {
          stopWaiting()
          if (!waiting.isSent) leave(tenantId, waiting)
        })
      })
    )
}

const nowIn = ({ context }: Pick<Waiting<never, never, never>, "context">): number =>
  Context.get(context, Clock.Clock).currentTimeMillisUnsafe()

/** What is left of the time that a caller waits (ms). The clock on the wall may have been set since. */
const leftOf = ({ context, since, deadlineMs }: Pick<Waiting<never, never, never>, "context" | "since" | "deadlineMs">): number =>
  Math.min(deadlineMs, Math.max(1, deadlineMs - (nowIn({ context }) - since)))

/** What a timer holds (24 days). One that is set for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1

/** Do something after a time, unless it is taken back: every call has a deadline, and a fiber that sleeps for each would cost more than the rest. */
const after = (ms: number, then: () => void): (() => void) => {
  if (ms === Infinity) return () => undefined
  // @effect-diagnostics-next-line globalTimers:off
  const timer = setTimeout(then, Math.min(ms, longestTimerMs))
  return () => clearTimeout(timer)
}
