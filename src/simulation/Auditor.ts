/**
 * The auditor watches callers and store and keeps an account of its own (`Account.ts`). It judges every change when it is committed and
 * every answer when it is given:
 *
 * - accepted: exactly this event was committed for this call, and it is shown the order after it. Under a key it was committed once, by any of
 *   its attempts: one that did not commit it is told that this is a replay, and is shown the order as it stood at some moment of the attempt.
 * - refused: at some moment between call and answer, the order stood so that the specification refuses with this code and this content.
 * - unavailable: nothing was committed for this attempt, and nothing is afterwards.
 * - unknown: true in any case; what really happened is told by the next answer under the same key.
 *
 * What the functions of a process say (guards, own data) is judged by the second account of it, where its team gives one (`OwnAccount.ts`);
 * without it, such answers are counted as not judged.
 *
 * What no caller asked for is judged like a call of its own: it was waited for, its moment has come, and it is given once (`waits.ts`).
 *
 * It remembers what it may still need: past versions of an order while a call on it is open, and a key for as long as the services keep it.
 */
import * as Result from "effect/Result"
import type { VersionMismatch } from "../lifecycle/expectedVersion.ts"
import type { Change } from "../lifecycle/OrderStore.ts"
import { type AuditEvent, isOwnEvent } from "../order/AuditEvent.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { fromMillis } from "../order/Timestamp.ts"
import type { Transition } from "../order/Transition.ts"
import type { OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { definitionByKind, definitions, isPlain } from "../order/commands/definitions.ts"
import type { PlainCommand } from "../order/commands/index.ts"
import type { Refusal } from "../order/Refusal.ts"
import type { InvariantId } from "../verify/invariants.ts"
import {
  type Account,
  assetTakenBy,
  cancels,
  codeFor,
  codeForItems,
  endOf,
  follow,
  inTheWayOf,
  type OrderCall,
  ownCommandOf,
  type Rules,
  statusOf
} from "./Account.ts"
import { type Answer, attemptOf, type Call, type CommandCall, type Sent, type Watcher } from "./Call.ts"
import type { NotJudged } from "./OwnAccount.ts"
import { isGivenByItself, saidBy, sorted } from "./waits.ts"

/** Something the auditor objects to. `id` is the invariant of `order-lifecycle/verify` that it breaks. */
export interface Finding {
  readonly id: InvariantId | "died"
  readonly message: string
  readonly tenantId?: TenantId
  readonly orderId?: OrderId
  /** Number of the call it was found by. */
  readonly call?: number
  /** Virtual time, ms since 1970. */
  readonly at: number
}

export type AuditorOptions = Rules

/** How long a key is kept. Source: decisions.md, section 3. */
const keyLifetimeMs = 24 * 3_600_000

/** More findings than these tell nobody more. */
const mostFindings = 100

/** One order: its newest version, when that came about, and earlier ones as far as an open call may have seen them. */
interface File {
  readonly orderId: OrderId
  readonly placedAt: number
  account: Account
  since: number
  past: ReadonlyArray<{ readonly account: Account; readonly from: number; readonly until: number }>
  /** The calls on it that are under way, or may still be answered for the first time. */
  open: ReadonlyArray<Asked>
}

/** An asset: when it was rented, as pairs of from and until. */
interface Asset {
  readonly rented: Array<number>
}

/** What is known of a tenant. A broken order is one that something was wrong with: everything later would only follow from that. */
interface Book {
  readonly files: Map<OrderId, File>
  readonly fileBySubscription: Map<SubscriptionId, File>
  readonly assets: Map<SerialNumber, Asset>
  readonly broken: Set<OrderId>
  /** The first call under each key. */
  readonly keys: Map<string, Asked>
}

interface Attempt {
  readonly number: number
  readonly attempt: number
  committed: ReadonlyArray<AuditEvent>
  outcome: Answer["outcome"] | "none"
}
const none: ReadonlyArray<never> = []

/** A call that has been sent: once without a key, as often as its caller likes with one. */
interface Asked {
  readonly sent: Sent
  /** Since when its answer may be true. */
  readonly from: number
  readonly attempts: Array<Attempt>
  inFlight: number
  /** The first answer that says what happened, and when it was given. */
  answer: string | null
  answeredAt: number
  /** Another call has come under the same key. */
  isRivalled: boolean
}

export class Auditor implements Watcher {
  readonly findings: Array<Finding> = []
  #notJudged = { ownCommands: 0, guardRefusals: 0 }
  readonly #options: AuditorOptions
  readonly #books = new Map<TenantId, Book>()
  /** Calls by number, oldest first. */
  readonly #calls = new Map<number, Asked>()

  constructor(options: AuditorOptions) {
    this.#options = options
  }

  /** What everything is judged by. */
  get rules(): Rules {
    return this.#options
  }

  /** What there was no second account for, so far. */
  get notJudged(): NotJudged {
    return { ...this.#notJudged }
  }

  /** The account of every order that nothing was wrong with, by tenant. */
  *accounts(): Generator<readonly [tenantId: TenantId, accounts: ReadonlyMap<OrderId, Account>]> {
    for (const [tenantId, { files, broken }] of this.#books) {
      const accounts = [...files].filter(([orderId]) => !broken.has(orderId)).map(([id, { account }]) => [id, account] as const)
      yield [tenantId, new Map(accounts)]
    }
  }

  /** Orders that something was wrong with. */
  isBroken(tenantId: TenantId, orderId: OrderId): boolean {
    return this.#books.get(tenantId)?.broken.has(orderId) ?? false
  }

  report(finding: Finding): void {
    if (this.findings.length < mostFindings) this.findings.push(finding)
  }

  // --- calls -----------------------------------------------------------------------------------------------------------------------------

  readonly sent = (sent: Sent, now: number): void => {
    this.#forgetOld(now)
    const asked = this.#calls.get(sent.number) ?? this.#askedFirst(sent, now)
    asked.attempts.push({ number: sent.number, attempt: sent.attempt, committed: none, outcome: "none" })
    asked.inFlight++
    for (const file of this.#filesOf(sent)) if (!file.open.includes(asked)) file.open = [...file.open, asked]
  }

  #askedFirst(sent: Sent, now: number): Asked {
    const { keys } = this.#bookOf(sent.tenantId)
    const rival = sent.key === undefined ? undefined : keys.get(sent.key)
    const isSame = rival !== undefined && isSameCommand(rival.sent, sent)
    const asked: Asked = isSame
      ? rival
      : { sent, from: now, attempts: [], inFlight: 0, answer: null, answeredAt: Infinity, isRivalled: rival !== undefined }
    if (rival !== undefined && !isSame) rival.isRivalled = true
    if (rival === undefined && sent.key !== undefined) keys.set(sent.key, asked)
    this.#calls.set(sent.number, asked)
    return asked
  }

  /** The services forget a key in time, and so may the auditor. Calls stand in the order of their coming. */
  #forgetOld(now: number): void {
    for (const [number, asked] of this.#calls) {
      if (now - asked.from <= keyLifetimeMs || asked.inFlight > 0) return
      this.#forget(number, asked)
    }
  }

  #forget(number: number, asked: Asked): void {
    this.#calls.delete(number)
    const { tenantId, key } = asked.sent
    const { keys } = this.#bookOf(tenantId)
    if (key !== undefined && keys.get(key) === asked) keys.delete(key)
    this.#close(asked)
  }

  /** Nothing more has to be known about how the orders stood during this call. */
  #close(asked: Asked): void {
    for (const file of this.#filesOf(asked.sent)) {
      file.open = file.open.length === 1 && file.open[0] === asked ? none : file.open.filter((each) => each !== asked)
      if (file.past.length === 0) continue
      const from = Math.min(...file.open.map((each) => each.from))
      file.past = file.past.filter(({ until }) => until >= from)
    }
  }

  /** The services certainly still keep what they answered under the key. */
  #isKept(asked: Asked, now: number): boolean {
    return asked.sent.key !== undefined && now - asked.from < keyLifetimeMs - 2 * (this.#options.clockErrorMs ?? 0)
  }

  readonly answered = (sent: Sent, answer: Answer, sentAt: number, now: number): void => {
    const asked = this.#calls.get(sent.number)
    const attempt = asked && attemptIn(asked, sent)
    if (asked === undefined || attempt === undefined) return
    asked.inFlight--
    attempt.outcome = answer.outcome
    const from = sent.key === undefined ? sentAt : asked.from
    this.#judge({ sent, asked, attempt, from, sentAt, now }, answer)
    // Without a key every attempt is a call of its own; with one, all that follows has to agree with the first answer.
    if (sent.key === undefined && asked.inFlight === 0) this.#forget(sent.number, asked)
    else if (asked.answer !== null && asked.inFlight === 0) this.#close(asked)
  }

  #judge(given: Given, answer: Answer): void {
    const { attempt, sent } = given
    const isOwn = sent.call.type === "apply" && (answer.outcome === "accepted" || answer.outcome === "refused")
    if (isOwn && this.#options.ownAccount === undefined) this.#notJudged.ownCommands++
    switch (answer.outcome) {
      case "accepted":
        return this.#judgeAccepted(given, answer.transition)
      case "refused":
        return this.#judgeRefused(given, answer.refusal)
      case "many":
        return this.#judgeMany(given, answer.outcomes)
      case "unavailable":
        if (attempt.committed.length > 0) this.#object(given, "C7", "it is told that nothing was done, and it was committed")
        return
      case "unknown":
        return
      case "died":
        // What comes after the first line is where in the sources.
        return this.#object(given, "died", answer.defect.split("\n", 1)[0] ?? "")
    }
  }

  #judgeAccepted(given: Given, transition: Transition): void {
    const { sent, asked, attempt, now } = given
    const { event, after } = transition
    const { orderId } = event
    const attempts = sent.key === undefined ? [attempt] : asked.attempts
    const committed = attempts.flatMap((each) => each.committed).find((each) => each.orderId === orderId)
    const isThisEvent =
      committed !== undefined &&
      committed.sequence === event.sequence &&
      committed.requestId === event.requestId &&
      committed.type === event.type &&
      committed.at === event.at
    if (!isThisEvent)
      this.#object(given, "C1", `it is told of event ${event.sequence} (${event.type}), which was not committed for it`, orderId)
    const isReplay = !attempt.committed.includes(committed as AuditEvent)
    if (isThisEvent && (transition.replayed === true) !== isReplay)
      this.#object(given, "C5", `it is ${isReplay ? "not told" : "told"} that this is a replay`, orderId)
    const isShown =
      after.orderId === orderId &&
      (isReplay && event.type !== "order.placed"
        ? this.#stood(given, orderId, after)
        : after.version === event.sequence && after.status === event.to)
    if (!isShown) this.#object(given, "C1", `it is shown the order at version ${after.version}, ${after.status}`, orderId)
    const misfit = misfitOf(sent, transition, this.#options.process)
    if (misfit !== null) this.#object(given, "A4", misfit, orderId)
    if (this.#isKept(asked, now)) this.#judgeAgain(given, `accepted: event ${event.sequence} of order ${orderId}`)
  }

  /** Whether an order stood so at some moment of the attempt. */
  #stood({ sent, sentAt }: Given, orderId: OrderId, { version, status }: Transition["after"]): boolean {
    const { files, broken } = this.#bookOf(sent.tenantId)
    const file = files.get(orderId)
    if (file === undefined || broken.has(orderId)) return broken.has(orderId)
    const past = file.past.filter(({ until }) => until >= sentAt).map(({ account }) => account)
    return [...past, file.account].some((account) => account.version === version && statusOf(account) === status)
  }

  #judgeAgain(given: Given, answer: string): void {
    const { asked, now } = given
    if (asked.answer !== null && asked.answer !== answer)
      this.#object(given, "C5", `its key was answered "${asked.answer}" before, and now "${answer}"`)
    if (asked.answer === null) Object.assign(asked, { answer, answeredAt: now })
  }

  #judgeRefused(given: Given, refusal: Extract<Answer, { outcome: "refused" }>["refusal"]): void {
    const { sent, asked, attempt, now } = given
    const { call } = sent
    if (refusal._tag === "IdempotencyKeyReused") {
      if (!asked.isRivalled) this.#object(given, "C5", "its key is said to have been used for another command, and was not")
      return
    }
    if (attempt.committed.length > 0) return this.#object(given, "C6", `it is refused (${refusal.code}), and was committed`)
    if (refusal._tag === "VersionMismatch") return this.#judgeMismatch(given, refusal)
    const isKept = this.#isKept(asked, now)
    if (isKept && asked.attempts.some(({ committed }) => committed.length > 0))
      return this.#object(given, "C5", `it is refused (${refusal.code}), and was committed under the same key`)
    // Invalid input is not remembered.
    if (isKept && refusal._tag !== "InvalidInput") {
      const isFirst = asked.answer === null
      this.#judgeAgain(given, `refused: ${refusal.code}`)
      if (!isFirst) return
    }
    if (call.type === "place") {
      if (codeForItems(call.request.items, null, this.#options) !== refusal.code)
        this.#object(given, "C7", `the catalogue is no reason for ${refusal.code}`)
      return
    }
    if (call.type === "cancelMany") return this.#object(given, "C7", `all of it is refused with ${refusal.code}`)
    // What a payload may be, the schema of the process says: the order has nothing to do with it.
    if (call.type === "apply" && refusal._tag === "InvalidInput") return
    this.#judgeReason(given, call, refusal, this.#filesOf(sent)[0])
  }

  /** The order was at another version than the one expected, at a moment of the attempt. A key does not remember this refusal. */
  #judgeMismatch(given: Given, { orderId, version }: VersionMismatch): void {
    const { sent, asked, sentAt, now } = given
    const { expectedVersion } = sent
    if (expectedVersion === undefined) return this.#object(given, "C7", "it expects no version, and is refused for one")
    if (this.#isKept(asked, now) && asked.answeredAt < sentAt)
      return this.#object(
        given,
        "C5",
        `its key was answered "${asked.answer}" before, and now it is refused for a version`,
        orderId
      )
    const { files, broken } = this.#bookOf(sent.tenantId)
    const file = files.get(orderId)
    if (broken.has(orderId)) return
    const past = file?.past.filter(({ until }) => until >= sentAt).map(({ account }) => account.version) ?? []
    const stood = file === undefined ? past : [...past, file.account.version]
    if (expectedVersion === version || !stood.includes(version))
      this.#object(
        given,
        "C7",
        `it expects version ${expectedVersion} and is told of ${version}; the order was at ${stood.join(", then ")}`,
        orderId
      )
  }

  /** A refusal is true when the order stood so that it follows, at a moment while the call was open. */
  #judgeReason(given: Given, call: OrderCall, refusal: Refusal, file: File | undefined): void {
    const { sent, from, now } = given
    const book = this.#bookOf(sent.tenantId)
    const asset = assetWantedBy(call)
    if (file !== undefined && book.broken.has(file.orderId)) return
    const guard = guardBehind(refusal, call, this.#options.process)
    if (guard !== null && this.#options.ownAccount === undefined && call.type !== "apply") this.#notJudged.guardRefusals++
    const { clockErrorMs = 0 } = this.#options
    const isTrue = (account: Account | null, begin: number, end: number) =>
      [false, true].some(
        (isRented) =>
          [begin - clockErrorMs, end + clockErrorMs].some(
            (at) => codeFor(account, call, isRented, this.#options, at) === (guard === null ? refusal.code : null)
          ) &&
          (!isRented || asset === null || this.#isRented(book, asset, begin, end)) &&
          (account === null || isToldRightly(account, refusal, this.#options)) &&
          (guard === null || account === null || this.#isGuarded(account, call, refusal.code, sent, begin, end))
      )
    const versions =
      file === undefined
        ? []
        : [...file.past, { account: file.account, from: file.since, until: now }].filter(({ until }) => until >= from)
    const isFounded =
      versions.some((version) => isTrue(version.account, Math.max(from, version.from), version.until)) ||
      ((file === undefined || file.placedAt >= from) && isTrue(null, from, now))
    if (isFounded) return
    const stood = versions.map(({ account }) => `${statusOf(account)} at version ${account.version}`).join(", then ")
    this.#object(given, "C7", `${refusal.code} is no answer to it: the order was ${stood || "unknown"}`, file?.orderId)
  }

  /** Whether the second account refuses so at the beginning or at the end of a time, as far as there is one. */
  #isGuarded(account: Account, call: OrderCall, code: string, { userId }: Sent, begin: number, end: number): boolean {
    const { ownAccount, clockErrorMs = 0 } = this.#options
    if (ownAccount === undefined) return true
    const question = { ...questionOf(call), status: statusOf(account), actor: { userId } }
    return [begin - clockErrorMs, begin, end, end + clockErrorMs].some(
      (at) => ownAccount.codeFor(account.known, { ...question, at: fromMillis(at) }) === code
    )
  }

  /** What was committed, no guard refuses. */
  #judgeGuards(change: Change, before: Account, call: OrderCall | undefined, now: number): void {
    const { event } = change.transition
    const { ownAccount, process } = this.#options
    if (process === undefined || event.type === "order.placed") return
    if (ownAccount === undefined) {
      if (call === undefined && isOwnEvent(event)) this.#notJudged.ownCommands++
      return
    }
    const command = (isOwnEvent(event) ? ownCommandOf(event, process) : definitionByKind.get(event.type)?.name) ?? ""
    const question = call === undefined ? { command, payload: saidBy(event) } : questionOf(call)
    const { at, actor } = event
    const code = ownAccount.codeFor(before.known, { ...question, status: statusOf(before), at, actor })
    if (code !== null) this.#objectToChange(change, "T1", `it should have been refused with ${code}`, now)
  }

  #judgeMany(given: Given, outcomes: Extract<Answer, { outcome: "many" }>["outcomes"]): void {
    const { sent, attempt } = given
    const { call } = sent
    if (call.type !== "cancelMany") return this.#object(given, "C1", "it is answered as if it were many")
    const asked = [...new Set(call.orderIds)]
    if (asked.join() !== outcomes.map(({ orderId }) => orderId).join())
      return this.#object(given, "C1", "its answers are not those to the orders it names")
    for (const { orderId, outcome } of outcomes) {
      const committed = attempt.committed.some((each) => each.orderId === orderId)
      if (Result.isSuccess(outcome)) {
        this.#judgeAccepted(given, outcome.success)
        continue
      }
      const { failure } = outcome
      if (failure._tag === "OutcomeUnknown") continue
      if (failure._tag === "VersionMismatch")
        this.#object(given, "C7", `order ${orderId} is refused for a version that was not expected`, orderId)
      else if (committed) this.#object(given, "C7", `order ${orderId} is refused (${failure._tag}), and was cancelled`, orderId)
      else if (failure._tag !== "StoreUnavailable")
        this.#judgeReason(
          given,
          { type: "cancel", request: call.request },
          failure,
          this.#bookOf(sent.tenantId).files.get(orderId)
        )
    }
  }

  // --- changes ---------------------------------------------------------------------------------------------------------------------------

  readonly committed = (change: Change, now: number): void => {
    const { transition } = change
    const { event } = transition
    const { tenantId, orderId } = event
    const book = this.#bookOf(tenantId)
    const wasBroken = book.broken.has(orderId)
    this.#attribute(change, now)
    if (wasBroken) return

    const file = book.files.get(orderId)
    const taken = assetTakenBy(event)
    const asset = taken && this.#assetOf(book, taken)
    const isRented = asset?.rented.at(-1) === Infinity
    const call = this.#callOf(event)
    if (file !== undefined) this.#judgeGuards(change, file.account, call, now)
    const { account, faults } = follow(file?.account ?? null, change, isRented, this.#options, now)
    const number = attemptOf(event.requestId)?.number
    for (const fault of faults)
      this.report({ ...fault, tenantId, orderId, at: now, ...(number !== undefined && { call: number }) })
    if (faults.length > 0) book.broken.add(orderId)
    if (account === null) return

    const kept = file ?? { orderId, placedAt: now, account, since: now, past: none, open: none }
    if (file === undefined) book.files.set(orderId, kept)
    else if (file.open.length > 0) file.past = [...file.past, { account: file.account, from: file.since, until: now }]
    const rentedBefore = new Map(file?.account.subscriptions.map((each) => [each.id, each]))
    kept.account = account
    kept.since = now
    asset?.rented.push(now, Infinity)
    const begun = subscriptionBegunBy(event)
    if (begun !== undefined) book.fileBySubscription.set(begun, kept)
    for (const { id, isActive, serialNumber } of account.subscriptions) {
      const was = rentedBefore.get(id)
      const isLeft = was?.isActive === true && (!isActive || was.serialNumber !== serialNumber)
      if (isLeft) this.#assetOf(book, was.serialNumber).rented.splice(-1, 1, now)
    }
  }

  /** The call that an event came about by, about this one order; undefined for what no caller asked for, and for a call that is forgotten. */
  #callOf({ requestId }: AuditEvent): OrderCall | undefined {
    const call = this.#calls.get(attemptOf(requestId)?.number ?? -1)?.sent.call
    if (call === undefined || call.type === "place") return undefined
    return call.type === "cancelMany" ? { type: "cancel", request: call.request } : call
  }

  /** Whose change it is, and whether that caller asked for it. */
  #attribute(change: Change, now: number): void {
    const { transition, remember } = change
    const { event } = transition
    const from = attemptOf(event.requestId)
    if (from === null && !isGivenByItself(event)) this.#objectToChange(change, "A4", "no call has asked for it", now)
    const asked = from === null ? undefined : this.#calls.get(from.number)
    const attempt = asked && from && attemptIn(asked, from)
    if (!asked || !attempt) return
    const { sent } = asked
    const { orderId } = event
    const given: Given = { sent, asked, attempt, from: asked.from, sentAt: asked.from, now }
    const misfit = misfitOf(sent, transition, this.#options.process)
    if (misfit !== null) this.#object(given, "A4", misfit, orderId)
    const { expectedVersion = transition.before?.version } = sent
    if (transition.before?.version !== expectedVersion)
      this.#object(
        given,
        "C1",
        `it expects version ${expectedVersion}, and changed version ${transition.before?.version}`,
        orderId
      )
    if (remember?.key !== sent.key) this.#object(given, "C5", `its change is remembered under key ${remember?.key}`, orderId)
    if (attempt.outcome === "refused" || attempt.outcome === "unavailable")
      this.#object(given, "C7", `it was told that nothing is done (${attempt.outcome}), and is committed now`, orderId)
    const earlier = (this.#isKept(asked, now) ? asked.attempts : [attempt]).flatMap(({ committed }) => committed)
    if (earlier.some((each) => each.orderId === orderId || sent.call.type !== "cancelMany"))
      this.#object(given, "C5", "it was committed before", orderId)
    attempt.committed = [...attempt.committed, event]
  }

  #objectToChange({ transition: { event } }: Change, id: Finding["id"], message: string, now: number): void {
    const { tenantId, orderId, type } = event
    this.report({ id, message: `${type}: ${message}`, tenantId, orderId, at: now })
    this.#bookOf(tenantId).broken.add(orderId)
  }

  // --- looking things up -----------------------------------------------------------------------------------------------------------------

  #object({ sent, now }: Given, id: Finding["id"], message: string, orderId?: OrderId): void {
    const { tenantId, number, call } = sent
    this.report({
      id,
      message: `${call.type}: ${message}`,
      tenantId,
      ...(orderId !== undefined && { orderId }),
      call: number,
      at: now
    })
    if (orderId !== undefined) this.#bookOf(tenantId).broken.add(orderId)
  }

  #bookOf(tenantId: TenantId): Book {
    const known = this.#books.get(tenantId)
    if (known) return known
    const book: Book = { files: new Map(), fileBySubscription: new Map(), assets: new Map(), broken: new Set(), keys: new Map() }
    this.#books.set(tenantId, book)
    return book
  }

  #assetOf({ assets }: Book, serialNumber: SerialNumber): Asset {
    const known = assets.get(serialNumber)
    if (known) return known
    const asset: Asset = { rented: [] }
    assets.set(serialNumber, asset)
    return asset
  }

  #isRented({ assets }: Book, serialNumber: SerialNumber, begin: number, end: number): boolean {
    const rented = assets.get(serialNumber)?.rented ?? []
    for (let i = 0; i < rented.length; i += 2) {
      if ((rented[i] ?? Infinity) <= end && (rented[i + 1] ?? -Infinity) >= begin) return true
    }
    return false
  }

  /** The orders that a call is about, as far as they exist. */
  #filesOf({ call, tenantId }: Sent): ReadonlyArray<File> {
    if (call.type === "place") return []
    const { files, fileBySubscription } = this.#bookOf(tenantId)
    const found = (file: File | undefined): ReadonlyArray<File> => (file === undefined ? [] : [file])
    if (call.type === "cancelMany") return [...new Set(call.orderIds)].flatMap((orderId) => found(files.get(orderId)))
    if ("orderId" in call) return found(files.get(call.orderId))
    const { request } = call
    return found("orderId" in request ? files.get(request.orderId) : fileBySubscription.get(request.rentalId))
  }
}

/**
 * An answer, with what it is the answer to. It may be true of any moment between `from` and `now`; the attempt that got it was sent at `sentAt`.
 */
interface Given {
  readonly sent: Sent
  readonly asked: Asked
  readonly attempt: Attempt
  readonly from: number
  readonly sentAt: number
  readonly now: number
}

const attemptIn = ({ attempts }: Asked, { number, attempt }: Pick<Sent, "number" | "attempt">): Attempt | undefined =>
  attempts.find((each) => each.attempt === attempt && each.number === number)

const isSameCommand = (a: Sent, b: Sent): boolean => a.userId === b.userId && JSON.stringify(a.call) === JSON.stringify(b.call)

/** The asset that a call wants, which may be rented already; null when it wants none. */
const assetWantedBy = (call: OrderCall): SerialNumber | null => {
  const rents = call.type === "apply" ? undefined : definitions[call.type].rents
  // The definition names a member of its own request.
  return rents === undefined
    ? null
    : ((call as { readonly request: Readonly<Record<string, SerialNumber>> }).request[rents] ?? null)
}

/** The subscription that an event made, if it made one. */
const subscriptionBegunBy = (event: AuditEvent): SubscriptionId | undefined =>
  event.type === "subscription.started"
    ? event.details.subscriptionId
    : event.type === "subscription.upgraded"
      ? event.details.newSubscriptionId
      : undefined

/** A command as the second account of a process is asked about it. */
const questionOf = (call: OrderCall): { readonly command: string; readonly payload: object } =>
  call.type === "apply" ? { command: call.command, payload: call.payload } : { command: call.type, payload: call.request }

/** The guard of the process that a refusal comes from; null when it comes from the library, or from what the process declares. */
const guardBehind = (refusal: Refusal, call: OrderCall, process: OrderProcess | undefined): string | null => {
  if (refusal._tag !== "OwnRefusal") return null
  const guard = process?.guards.get(refusal.guard)
  return guard?.before === questionOf(call).command && guard.refusal.code === refusal.code ? refusal.guard : null
}

const isPlainCall = (call: Call): call is CommandCall<PlainCommand> => isPlain(call.type)

type Asking = ReadonlyArray<{ readonly sku: Sku; readonly quantity: number }>

/** Whether lines are those that were asked for, one by one. */
const areLinesOf = (lines: Asking, items: Asking): boolean =>
  lines.length === items.length &&
  items.every(({ sku, quantity }, line) => lines[line]?.sku === sku && lines[line].quantity === quantity)

/** What of an event is not what its caller asked for, in words; null when it is. */
const misfitOf = ({ call, tenantId, userId }: Sent, { event }: Transition, process: OrderProcess | undefined): string | null => {
  if (event.tenantId !== tenantId) return "the event is another tenant's"
  if (event.actor.userId !== userId) return `the event says that ${event.actor.userId} did it`
  const isAskedFor = (): boolean => {
    if (isPlainCall(call)) return event.orderId === call.orderId && definitionByKind.get(event.type)?.name === call.type
    switch (call.type) {
      case "place":
        return event.type === "order.placed" && areLinesOf(event.details.lines, call.request.items)
      case "apply":
        return (
          isOwnEvent(event) &&
          event.orderId === call.orderId &&
          ownCommandOf(event, process) === call.command &&
          sorted(saidBy(event)) === sorted(call.payload)
        )
      case "startSubscription":
        return (
          event.type === "subscription.started" &&
          event.orderId === call.request.orderId &&
          event.details.serialNumber === call.request.assetSerialNumber
        )
      case "cancelSubscription":
        return event.type === "subscription.ended" && event.details.subscriptionId === call.request.rentalId
      case "returnSubscription": {
        const { rentalId, returnCondition, earlyReturnFee, ...texts } = call.request
        return (
          event.type === "subscription.returned" &&
          event.details.subscriptionId === rentalId &&
          event.details.condition === returnCondition &&
          event.details.fee === (earlyReturnFee ?? 0) &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "buyOutSubscription": {
        const { rentalId, reason, buyoutPrice, ...texts } = call.request
        return (
          event.type === "subscription.bought_out" &&
          event.details.subscriptionId === rentalId &&
          event.details.reason === reason &&
          (buyoutPrice === undefined || event.details.price === buyoutPrice) &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "completeSubscription": {
        const { rentalId, ...texts } = call.request
        return (
          event.type === "subscription.completed" &&
          event.details.subscriptionId === rentalId &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "extendSubscription": {
        const { rentalId, extensionMonths, newMonthlyAmount, ...texts } = call.request
        return (
          event.type === "subscription.extended" &&
          event.details.subscriptionId === rentalId &&
          event.details.months === extensionMonths &&
          event.details.newMonthlyAmount === (newMonthlyAmount ?? event.details.oldMonthlyAmount) &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "upgradeSubscription": {
        const { rentalId, newSku, newSerialNumber, contractLength, newMonthlyAmount, ...texts } = call.request
        return (
          event.type === "subscription.upgraded" &&
          event.details.subscriptionId === rentalId &&
          event.details.newSerialNumber === newSerialNumber &&
          event.details.newLine.sku === newSku &&
          event.details.newLine.contractLength === contractLength &&
          event.details.newLine.unitPrice === newMonthlyAmount &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "replaceAsset": {
        const { rentalId, newSerialNumber, replacementReason, newSku: _, insuranceClaim = false, ...texts } = call.request
        return (
          event.type === "subscription.asset_replaced" &&
          event.details.subscriptionId === rentalId &&
          event.details.newSerialNumber === newSerialNumber &&
          event.details.reason === replacementReason &&
          event.details.insuranceClaim === insuranceClaim &&
          sorted(event.confidential) === sorted(texts)
        )
      }
      case "cancel":
        return (
          event.type === "order.cancelled" && event.orderId === call.orderId && event.confidential.reason === call.request.reason
        )
      case "release": {
        const { items, reason } = call.request
        const named = items?.toSorted((a, b) => a.line - b.line).map(({ line, quantity }) => `${quantity} of ${line}`)
        const released = event.released.map(({ line, quantity }) => `${quantity} of ${line}`)
        return (
          event.type === "order.items_released" &&
          event.orderId === call.orderId &&
          event.confidential.reason === reason &&
          (named === undefined || named.join() === released.join())
        )
      }
      case "addItems":
        return (
          event.type === "order.items_added" &&
          event.orderId === call.orderId &&
          areLinesOf(event.details.lines, call.request.items)
        )
      case "correct": {
        const { externalReference, ...persons } = call.request
        return (
          event.type === "order.corrected" &&
          event.orderId === call.orderId &&
          sorted(event.confidential) === sorted(persons) &&
          event.details.externalReference === externalReference
        )
      }
      case "recordPayment":
        return (
          event.type === "order.payment_recorded" &&
          event.orderId === call.orderId &&
          sorted(event.details.payment) === sorted(call.request)
        )
      case "cancelMany":
        return (
          event.type === "order.cancelled" &&
          call.orderIds.includes(event.orderId) &&
          event.confidential.reason === call.request.reason
        )
    }
  }
  return isAskedFor() ? null : `the event (${event.type} of order ${event.orderId}) is not what was asked for`
}

/** Whether what a refusal tells about an order, besides its code, is so. */
const isToldRightly = (account: Account, refusal: Refusal, rules: Rules): boolean => {
  if (refusal._tag === "OrderNotCancellable") {
    const inTheWay = inTheWayOf(account, rules)
    const isWhole =
      refusal.subscriptionIds.join() === inTheWay.slice(0, 100).join() &&
      (refusal.subscriptionCount ?? refusal.subscriptionIds.length) === inTheWay.length
    return isWhole && refusal.status === statusOf(account) && refusal.guard === rules.policy
  }
  if (refusal._tag === "OrderAlreadyCancelled")
    return refusal.cancelledAt === account.cancelled?.at && refusal.reason === account.cancelled.reason
  if ("subscriptionId" in refusal) {
    const subscription = account.subscriptions.find(({ id }) => id === refusal.subscriptionId)
    if (subscription === undefined) return refusal._tag === "SubscriptionNotFound"
    const { isActive, isCancelled, months } = subscription
    if ("status" in refusal && (isActive || cancels.has(refusal.status) !== isCancelled)) return false
    if (refusal._tag === "ContractNotOver") return Date.parse(refusal.notBefore) === endOf(subscription)
    return refusal._tag !== "InvalidExtensionMonths" || refusal.longest === 120 - months
  }
  return !("status" in refusal) || refusal.status === statusOf(account)
}
