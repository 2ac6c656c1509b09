/**
 * Due commands: what an order waits for is given by itself when its moment has come.
 *
 * A process says what orders wait for (`orderProcess(…).due`), and `pendingExpiresAfter` that pending ones expire. Every active subscription has a row
 * for the end of its contract; `whenContractEnds` is asked then. The waiting command is written, and taken away, by the very statement that changes
 * the order. `run` gives each command whose moment has come, as the actor `system`: once in effect, however often workers are killed, because the
 * change that it makes and its own end are one commit. Moments, and leases, are those of the store's clock.
 *
 * A command that is refused because it comes too early is put off to its time. One that a rule refuses is put off for an hour, ten times, and then
 * parked until you release or skip it. One that its order would never accept has come to its end. Call `run` in a loop; any number of processes may.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { InvalidInput } from "../order/commonRefusals.ts"
import { ContractNotOver } from "../order/commands/completeSubscription.ts"
import { commandAtEnd, endingContract } from "../order/contractEnds.ts"
import { canBeAccepted } from "../order/due.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { isActive, OrderId, type SubscriptionId, TenantId } from "../order/Order.ts"
import { toMillis } from "../order/Timestamp.ts"
import { applyDue, type CommandServices, NotAskedFor } from "./applyCommand.ts"
import type { Caller } from "./Caller.ts"
import type { commandReader } from "./commandReader.ts"
import { effectReader } from "./effectReader.ts"
import { describeFailure, isDuration, leaseFromNow, Limit, millisOr, visitAround } from "./leasing.ts"
import {
  type DueKey,
  type DueLease,
  type DueSettlement,
  OutcomeUnknown,
  StoreUnavailable,
  type WaitingCommand
} from "./OrderStore.ts"

/** What orders wait for is given by no user, so it is told apart by this actor. Source: whole-life.md, section 6. */
const system: Caller["actor"] = { userId: "system", role: "system" }

export class DueNotParked extends Schema.TaggedError<DueNotParked>()("DueNotParked", {
  orderId: OrderId,
  name: Schema.String
}) {
  static readonly when = "The order has no parked command of this name: it waits for its moment, was given, or was never there."
  readonly code = "DUE_NOT_PARKED"
  readonly remedy = "Look at the parked commands again."
  override get message() {
    return `Order ${this.orderId} has no parked command ${this.name}.`
  }
}

/** Which commands to give, how many, and what to do with those that are refused. */
export interface DueOptions {
  /** Only this tenant's. */
  readonly tenantId?: TenantId
  /** At most so many: 100 unless said otherwise. */
  readonly limit?: number
  /** How long they are this call's alone: 30 seconds unless said otherwise. */
  readonly lease?: Duration.Input
  /** So many are given at once: 1 unless said otherwise. */
  readonly concurrency?: number
  readonly retry?: {
    /** A refused command is given again after so long: an hour unless said otherwise. */
    readonly after?: Duration.Input
    /** Refused once more after it was put off so often, it is parked: 10 unless said otherwise. */
    readonly attempts?: number
  }
}

/** What became of the commands of one call; all of them 0 when nothing was due. */
export interface Given {
  /** Accepted. */
  readonly given: number
  /** At their end without a change: the order would never accept them, or is no longer where they were waited for. */
  readonly ended: number
  /** Refused by a rule, or failed: given again later. */
  readonly putOff: number
  readonly parked: number
  /** The lease ran out, or the store's answer got lost: they are, or will be, handed out again. */
  readonly lost: number
}

type StoreFailure = StoreUnavailable | OutcomeUnknown

export class Due extends Context.Service<
  Due,
  {
    /** Give commands whose moment has come: those first that are due longest, of all tenants in turn. */
    readonly run: (options?: DueOptions) => Effect.Effect<Given, InvalidInput | StoreFailure>

    /** The commands that an order waits for, by name. Empty where there is no such order. */
    readonly waiting: (
      tenantId: TenantId,
      orderId: OrderId
    ) => Effect.Effect<ReadonlyArray<WaitingCommand>, InvalidInput | StoreFailure>

    /** A tenant's parked commands, by order and name: at most `limit` (100) behind `after`. */
    readonly parked: (
      tenantId: TenantId,
      options?: { readonly after?: Pick<DueKey, "orderId" | "name">; readonly limit?: number }
    ) => Effect.Effect<ReadonlyArray<WaitingCommand>, InvalidInput | StoreFailure>

    /** Give a parked command again now, with all its attempts before it. */
    readonly release: (command: DueKey) => Effect.Effect<void, DueNotParked | InvalidInput | StoreFailure>

    /** Take a parked command away. */
    readonly skip: (command: DueKey) => Effect.Effect<void, DueNotParked | InvalidInput | StoreFailure>
  }
>()("order-lifecycle/Due") {}

// --- reading options -------------------------------------------------------------------------------------------------------------------

const readOptions = effectReader(
  Schema.Struct({
    tenantId: Schema.optionalKey(TenantId),
    limit: Schema.optionalKey(Limit),
    lease: Schema.optionalKey(isDuration(1)),
    concurrency: Schema.optionalKey(Limit),
    retry: Schema.optionalKey(
      Schema.Struct({
        after: Schema.optionalKey(isDuration(0)),
        attempts: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
      })
    )
  })
)
const readTenantId = effectReader(TenantId, "tenantId")
const readOrderId = effectReader(OrderId, "orderId")
const OfOrder = { orderId: OrderId, name: Schema.String }
const readKey = effectReader(Schema.Struct({ tenantId: TenantId, ...OfOrder }), "command", "ignored")
const readPage = effectReader(
  Schema.Struct({ after: Schema.optionalKey(Schema.Struct(OfOrder)), limit: Schema.optionalKey(Limit) })
)

interface Retry {
  readonly afterMs: number
  readonly attempts: number
}

// --- the service -----------------------------------------------------------------------------------------------------------------------

/** A tenant's lease. */
interface Held extends DueLease {
  readonly tenantId: TenantId
}

/** Tenants that are looked up at once. */
const tenantsAtOnce = 100

export const makeDue = (services: CommandServices, readCommand: ReturnType<typeof commandReader>): Due["Service"] => {
  const { store } = services
  /** The tenant whose commands were given last: the next call begins behind it, so that all have their turn. */
  let lastServed: TenantId | null = null

  const lease = Effect.fnUntraced(function* (held: Array<Held>, tenantId: TenantId | undefined, limit: number, leaseMs: number) {
    let left = limit
    const visit = Effect.fnUntraced(function* (tenant: TenantId) {
      const leased = yield* store.leaseDue({ tenantId: tenant, limit: left, leaseMs })
      if (leased.commands.length === 0) return "more"
      held.push({ tenantId: tenant, ...leased })
      left -= leased.commands.length
      if (tenantId === undefined) lastServed = tenant
      return left > 0 ? "more" : "enough"
    })
    if (tenantId !== undefined) yield* visit(tenantId)
    else yield* visitAround(lastServed, (after) => store.tenantsWithDue(after, tenantsAtOnce), visit)
  })

  /** What is to be done about a contract that has ended: the setting is asked now. Undefined where somebody has to see to it. */
  const askedAtEnd = Effect.fnUntraced(function* (tenantId: TenantId, id: SubscriptionId, due: WaitingCommand) {
    const found = yield* store.findSubscription(tenantId, id)
    const request =
      found && isActive(found.subscription) ? commandAtEnd(services.whenContractEnds, found.subscription) : undefined
    if (request === undefined) return undefined
    const { type: command, ...payload } = request
    // A request is JSON, as what it is read from was.
    return { ...due, command, payload: payload as unknown as WaitingCommand["payload"] }
  })

  /** Give one command, and say what became of it. `isSettled`: the row is gone with the change, or it is not known whether it is. */
  const give = Effect.fnUntraced(function* (tenantId: TenantId, due: WaitingCommand, retry: Retry) {
    const { orderId, name, since } = due
    // A space in front: no caller's key begins with one.
    const caller: Caller = { tenantId, actor: system, idempotencyKey: ` due ${orderId} ${name} ${since}` }
    const ending = endingContract(name)
    const exit = yield* Effect.exit(
      Effect.gen(function* () {
        const asked = ending === undefined ? due : yield* askedAtEnd(tenantId, ending, due)
        // What nothing is to be done about is not waited for any more.
        if (asked === undefined) return yield* new NotAskedFor()
        return yield* Effect.andThen(readCommand.named(asked.command, asked.payload), applyDue(services, caller, asked))
      })
    )
    if (Exit.isSuccess(exit)) return { became: "given", isSettled: exit.value.replayed !== true } as const
    const error = Cause.squash(exit.cause)
    if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) return { became: "lost", isSettled: true } as const
    if (error instanceof NotAskedFor || isForGood(services.lifecycle, due, error)) return { became: "ended" } as const
    const now = yield* Clock.currentTimeMillis
    const untilMs = refusedUntil(error, now)
    const isLast = untilMs === undefined && due.attempts >= retry.attempts
    const reason = describeFailure(exit.cause)
    yield* Effect.logWarning({
      message: isLast ? "a due command was parked" : "a due command was put off",
      tenantId,
      orderId,
      name,
      reason
    })
    return {
      became: isLast ? "parked" : "putOff",
      putOff: { error: reason, retryMs: isLast ? null : (untilMs ?? retry.afterMs) }
    } as const
  })

  const run = Effect.fn("Due.run")(function* (options: DueOptions = {}) {
    const checked = yield* readOptions(options)
    const { tenantId, limit = 100, concurrency = 1 } = checked
    const leaseMs = millisOr(checked.lease, "30 seconds")
    const retry: Retry = { afterMs: millisOr(checked.retry?.after, "1 hour"), attempts: checked.retry?.attempts ?? 10 }
    const tally = { given: 0, ended: 0, putOff: 0, parked: 0, lost: 0 }
    const held: Array<Held> = []
    const begun = new Set<WaitingCommand>()
    const isOver = yield* leaseFromNow(leaseMs)
    const giveHeld = Effect.fnUntraced(function* ({ tenantId, leaseId, due }: Task) {
      // Who comes too late leaves it to the next lease.
      if (yield* isOver) return void tally.lost++
      begun.add(due)
      const { became, isSettled = false, putOff } = yield* give(tenantId, due, retry)
      const { orderId, name, since } = due
      const settlement: DueSettlement = { orderId, name, since, ...(putOff && { putOff }) }
      const [outcome] = isSettled ? ["settled"] : yield* store.settleDue({ tenantId, leaseId, settlements: [settlement] })
      tally[outcome === "lost" ? "lost" : became]++
    })
    yield* lease(held, tenantId, limit, leaseMs).pipe(
      Effect.andThen(Effect.suspend(() => Effect.forEach(tasksOf(held), giveHeld, { concurrency, discard: true }))),
      Effect.ensuring(Effect.suspend(() => giveBack(held, begun)))
    )
    return tally satisfies Given
  })

  /** What was leased and has not begun is due again at once. Where this fails, the lease runs out by itself. */
  const giveBack = (held: ReadonlyArray<Held>, begun: ReadonlySet<WaitingCommand>): Effect.Effect<void> =>
    Effect.forEach(
      held,
      ({ tenantId, leaseId, commands }) => {
        const settlements = commands
          .filter((each) => !begun.has(each))
          .map(({ orderId, name, since }): DueSettlement => ({ orderId, name, since, untried: true }))
        return settlements.length === 0 ? Effect.void : Effect.ignore(store.settleDue({ tenantId, leaseId, settlements }))
      },
      { discard: true }
    )

  const unpark = (how: "release" | "skip") =>
    Effect.fn(`Due.${how}`)(function* (command: DueKey) {
      const { tenantId, orderId, name } = yield* readKey(command)
      const isUnparked = yield* store.unparkDue({ tenantId, orderId, name }, how)
      if (!isUnparked) return yield* new DueNotParked({ orderId, name })
    })

  return {
    run,

    waiting: Effect.fn("Due.waiting")(function* (tenantId, orderId) {
      return yield* store.dueOf(yield* readTenantId(tenantId), yield* readOrderId(orderId))
    }),

    parked: Effect.fn("Due.parked")(function* (tenantId, options = {}) {
      const { after = null, limit = 100 } = yield* readPage(options)
      return yield* store.parkedDue(yield* readTenantId(tenantId), after, limit)
    }),

    release: unpark("release"),
    skip: unpark("skip")
  }
}

/** A leased command. */
interface Task {
  readonly tenantId: TenantId
  readonly leaseId: string
  readonly due: WaitingCommand
}

const tasksOf = (held: ReadonlyArray<Held>): ReadonlyArray<Task> =>
  held.flatMap(({ tenantId, leaseId, commands }) => commands.map((due) => ({ tenantId, leaseId, due })))

/** How long a command is refused for because it comes too early (ms); undefined for any other refusal. */
const refusedUntil = (error: unknown, now: number): number | undefined =>
  error instanceof ContractNotOver ? Math.max(0, toMillis(error.notBefore) - now) : undefined

/** Whether a refusal will never be another answer: there is no such order, or its status refuses the command whatever comes. */
const isForGood = (lifecycle: Lifecycle, { status, command }: WaitingCommand, error: unknown): boolean => {
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  return tag === "OrderNotFound" || (tag !== undefined && tag !== "InvalidInput" && !canBeAccepted(lifecycle, status, command))
}
