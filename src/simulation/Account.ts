/**
 * The auditor's own account of one order, and the specification in its own words. It shares no code with the machine, the decision or the
 * fold: what two have written down independently and agree on is more likely to be right.
 */
import type { Change } from "../lifecycle/OrderStore.ts"
import { type AuditEvent, isOwnEvent } from "../order/AuditEvent.ts"
import type { CancelOrder } from "../order/commands/cancel.ts"
import { definitionByKind } from "../order/commands/definitions.ts"
import type { CommandType } from "../order/commands/index.ts"
import type { ContractEnding } from "../order/contractEnds.ts"
import type { CustomerId, SerialNumber, Sku, SubscriptionId } from "../order/Order.ts"
import type { OwnEvent } from "../order/orderEvent.ts"
import type { CancellationPolicy } from "../order/policies/index.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import type { InvariantId } from "../verify/invariants.ts"
import type { CommandCall, OwnCall } from "./Call.ts"
import type { OwnAccount } from "./OwnAccount.ts"
import { type ContractWaits, contractWait, followWaits, sorted, typeOf, type Wait, type WaitRule } from "./waits.ts"

/** One line, and where its units are. */
export interface LineAccount {
  readonly sku: Sku
  readonly quantity: number
  readonly held: number
  readonly active: number
  readonly ended: number
  readonly released: number
}

/** One version of an order. */
export interface Account {
  readonly version: number
  readonly customerId: CustomerId
  readonly isConfirmed: boolean
  readonly currency: string
  readonly cancelled: { readonly at: string; readonly reason: string | undefined } | null
  readonly lines: ReadonlyArray<LineAccount>
  readonly subscriptions: ReadonlyArray<{
    readonly id: SubscriptionId
    readonly line: number
    readonly serialNumber: SerialNumber
    readonly isActive: boolean
    readonly isCancelled: boolean
    /** When it began, for how many months it runs, and for how many it was to run at first. */
    readonly startDate: string
    readonly months: number
    readonly firstMonths: number
  }>
  /** The status of the process's own that it is in; null in one of the library's. */
  readonly own: string | null
  /** Its own data, as they were last told; null where it has none. */
  readonly data: object | null
  /** What the process's second account knows of it, where there is one. */
  readonly known: unknown
  /** The commands that it waits for. */
  readonly waits: ReadonlyArray<Wait>
  /** Time and hash of the newest event. */
  readonly at: string
  readonly hash: string
}

/** Something that is not as it should be. */
export interface Fault {
  readonly id: InvariantId
  readonly message: string
}

/** Something that is sold, for one length of contract only: 12 months unless said otherwise. */
export interface Product {
  readonly currency: string
  readonly isActive: boolean
  readonly contractMonths?: number
}
const contractMonthsOf = ({ contractMonths = 12 }: Product): number => contractMonths

/** What a command meets besides its order. `policy`: when an order may be cancelled. */
export interface Rules {
  readonly policy: CancellationPolicy
  /** What is sold, by SKU. */
  readonly products: ReadonlyMap<string, Product>
  /** The registry of assets, if there is one: every asset by its serial number. */
  readonly assets?: ReadonlyMap<string, Sku>
  /** The embedding service's own process, and a second account of it, if there are any. */
  readonly process?: OrderProcess
  readonly ownAccount?: OwnAccount
  /** What orders wait for. */
  readonly waitRules?: ReadonlyArray<WaitRule>
  /** What is done by itself when a contract ends: nothing unless said otherwise. */
  readonly whenContractEnds?: ContractEnding
  /** How far the clock on the wall may be off (ms). */
  readonly clockErrorMs?: number
}

/** The word for where an order stands: the table of statuses in decisions.md, section 2, or a word of the process. */
export const statusOf = ({ cancelled, isConfirmed, lines, subscriptions, own }: Account): string => {
  if (cancelled !== null) return "cancelled"
  if (own !== null) return own
  if (!isConfirmed) return "pending"
  if (subscriptions.length === 0) return "confirmed"
  return lines.some(({ held }) => held > 0) ? "partial" : "fulfilled"
}

export const activeIn = ({ subscriptions }: Account): ReadonlyArray<SubscriptionId> =>
  subscriptions.filter(({ isActive }) => isActive).map(({ id }) => id)

/** When a contract ends: months on the calendar, from the day of the month that it began on or the last one there is. */
export const endOf = ({ startDate, months }: { readonly startDate: string; readonly months: number }): number => {
  const [year = 0, month = 0, day = 0] = startDate.slice(0, 10).split("-").map(Number)
  const timeOfDay = Date.parse(startDate) - Date.UTC(year, month - 1, day)
  const firstOf = (more: number) => Date.UTC(year, month - 1 + months + more, 1)
  const daysOfMonth = (firstOf(1) - firstOf(0)) / 86_400_000
  return firstOf(0) + (Math.min(day, daysOfMonth) - 1) * 86_400_000 + timeOfDay
}

/** The subscriptions that a policy holds against a cancel. */
export const inTheWayOf = (account: Account, { policy }: Rules): ReadonlyArray<SubscriptionId> =>
  policy === "noActiveSubscriptions" ? activeIn(account) : account.subscriptions.map(({ id }) => id)

// --- what a command on an order is answered ------------------------------------------------------------------------------------------------

/** A call about one order that exists, or one that does not. */
export type OrderCall = CommandCall | OwnCall | { readonly type: "cancel"; readonly request: CancelOrder }

/** The status of the library's whose answers an order gives: that of a process may be like one, or like "none". */
const standingOf = (account: Account, process: OrderProcess | undefined): string => {
  let status: string | undefined = statusOf(account)
  for (let own = process?.statuses.get(status); own !== undefined; own = process?.statuses.get(status)) {
    status = own.like
    if (status === undefined) return "none"
  }
  return status
}

/** The code by which an order's own status refuses a command that it would otherwise take; undefined where it does not. */
const exceptionOf = ({ own }: Account, command: CommandType, process: OrderProcess | undefined): string | undefined => {
  let status = own === null ? undefined : process?.statuses.get(own)
  while (status !== undefined) {
    const words = status.but?.[command]
    if (words !== undefined) return words.code
    status = status.like === undefined ? undefined : process?.statuses.get(status.like)
  }
  return undefined
}

/** Where an order stands that is yet to be confirmed, and where subscriptions can start: the table of statuses in decisions.md, section 2. */
const unconfirmed: ReadonlySet<string> = new Set(["pending"])
const openToStarts: ReadonlySet<string> = new Set(["confirmed", "partial", "fulfilled"])

/** Where an own command leads to from a status; undefined where it may not be given. */
const targetOf = ({ process }: Rules, command: string, status: string): string | undefined => {
  const from: Readonly<Record<string, string | undefined>> = process?.commands.get(command)?.from ?? {}
  return Object.hasOwn(from, status) ? from[status] : undefined
}

/**
 * The code that the specification refuses a call with, or null where it is to be accepted as far as no guard of a process says no. `account` is null when the tenant has no such
 * order; `isRented` says whether the asset that the call wants is under an active subscription, and `at` when it is (ms).
 */
export const codeFor = (account: Account | null, call: OrderCall, isRented: boolean, rules: Rules, at: number): string | null => {
  if (account === null) return "NOT_FOUND"
  if (call.type === "apply") {
    const isPossible = targetOf(rules, call.command, statusOf(account)) !== undefined
    return isPossible ? null : (rules.process?.commands.get(call.command)?.otherwise.code ?? "VALIDATION_ERROR")
  }
  const exception = exceptionOf(account, call.type, rules.process)
  if (exception !== undefined) return exception
  switch (call.type) {
    case "confirm":
      return unconfirmed.has(standingOf(account, rules.process)) ? null : "ORDER_NOT_PENDING"
    case "cancel":
      if (account.cancelled) return "ALREADY_CANCELLED"
      return inTheWayOf(account, rules).length > 0 ? "ORDER_NOT_CANCELLABLE" : null
    case "cancelSubscription": {
      const subscription = account.subscriptions.find(({ id }) => id === call.request.rentalId)
      if (subscription === undefined) return "NOT_FOUND"
      if (subscription.isActive) return null
      return subscription.isCancelled ? "ALREADY_CANCELLED" : "ALREADY_ENDED"
    }
    case "returnSubscription":
    case "buyOutSubscription":
    case "completeSubscription":
    case "extendSubscription":
    case "replaceAsset":
    case "upgradeSubscription":
      return codeForActive(account, call, isRented, rules, at)
    case "startSubscription":
      return codeForStart(account, call.request, isRented, rules)
    case "release":
      return codeForRelease(account, call.request.items, standingOf(account, rules.process))
    case "addItems":
      if (account.cancelled) return "ALREADY_CANCELLED"
      if (!openToLines.has(standingOf(account, rules.process))) return "ORDER_NOT_OPEN"
      return codeForItems(call.request.items, account.currency, rules)
    case "correct":
      return account.cancelled ? "ALREADY_CANCELLED" : null
    case "recordPayment":
      return null
  }
}

/** The code for what is done with one active subscription. */
const codeForActive = (
  { subscriptions, lines, currency }: Account,
  call: CommandCall<(typeof onActive)[number]>,
  isRented: boolean,
  { assets, products }: Rules,
  at: number
): string | null => {
  const subscription = subscriptions.find(({ id }) => id === call.request.rentalId)
  if (subscription === undefined) return "NOT_FOUND"
  if (!subscription.isActive) return "SUBSCRIPTION_NOT_ACTIVE"
  switch (call.type) {
    case "returnSubscription":
    case "buyOutSubscription":
      return null
    case "completeSubscription":
      return at < endOf(subscription) ? "CONTRACT_NOT_OVER" : null
    case "extendSubscription":
      return subscription.months + call.request.extensionMonths > 120 ? "INVALID_EXTENSION_MONTHS" : null
    case "replaceAsset": {
      const { newSerialNumber: serial, newSku } = call.request
      if (serial === subscription.serialNumber) return "VALIDATION_ERROR"
      if (assets && !assets.has(serial)) return "ASSET_NOT_FOUND"
      const sku = lines[subscription.line]?.sku
      if ((assets && assets.get(serial) !== sku) || (newSku !== undefined && newSku !== sku)) return "SKU_MISMATCH"
      return isRented ? "ASSET_NOT_AVAILABLE" : null
    }
    case "upgradeSubscription": {
      const { newSku, newSerialNumber: serial, contractLength } = call.request
      const product = products.get(newSku)
      if (product === undefined) return "VARIANT_NOT_FOUND"
      if (!product.isActive) return "VARIANT_INACTIVE"
      if (contractLength !== contractMonthsOf(product)) return "INVALID_CONTRACT_LENGTH"
      if (product.currency !== currency) return "VALIDATION_ERROR"
      if (assets && !assets.has(serial)) return "ASSET_NOT_FOUND"
      if (assets && assets.get(serial) !== newSku) return "SKU_MISMATCH"
      return isRented ? "ASSET_NOT_AVAILABLE" : null
    }
  }
}
const onActive = [
  "upgradeSubscription",
  "returnSubscription",
  "buyOutSubscription",
  "completeSubscription",
  "extendSubscription",
  "replaceAsset"
] as const

/** Where lines can be added: until something is rented. */
const openToLines: ReadonlySet<string> = new Set(["pending", "confirmed"])

/** Where an order may be left without a held unit. */
const mayHoldNothing: ReadonlySet<string> = new Set(["partial", "fulfilled"])

const heldIn = ({ lines }: Account): number => lines.reduce((sum, { held }) => sum + held, 0)

const codeForRelease = (account: Account, items: Items, standing: string): string | null => {
  const { lines } = account
  if (account.cancelled) return "ALREADY_CANCELLED"
  if (items?.some(({ line }) => lines[line] === undefined)) return "VALIDATION_ERROR"
  if (heldIn(account) === 0) return "NOTHING_HELD"
  if (items?.some(({ line, quantity }) => quantity > (lines[line]?.held ?? 0))) return "NOT_HELD"
  const left = items === undefined ? 0 : heldIn(account) - items.reduce((sum, { quantity }) => sum + quantity, 0)
  return left === 0 && !mayHoldNothing.has(standing) ? "NOTHING_WOULD_REMAIN" : null
}
type Items = CommandCall<"release">["request"]["items"]

/** The code that items are refused with, for an order in that currency or (null) for a new one. */
export const codeForItems = (
  items: ReadonlyArray<{ readonly sku: Sku }>,
  currency: string | null,
  { products }: Pick<Rules, "products">
): string | null => {
  const known = items.map(({ sku }) => products.get(sku))
  for (const product of known) {
    if (product === undefined) return "VARIANT_NOT_FOUND"
    if (!product.isActive) return "VARIANT_INACTIVE"
  }
  const currencies = new Set(known.flatMap((product) => product?.currency ?? []))
  if (currency !== null) currencies.add(currency)
  return currencies.size > 1 ? "VALIDATION_ERROR" : null
}

const codeForStart = (
  account: Account,
  { customerId, assetSerialNumber, sku }: CommandCall<"startSubscription">["request"],
  isRented: boolean,
  { assets, process }: Rules
): string | null => {
  const held = account.lines.filter((line) => line.held > 0)
  if (!openToStarts.has(standingOf(account, process))) return "ORDER_NOT_CONFIRMED"
  if (held.length === 0) return "ITEM_FULLY_FULFILLED"
  if (customerId !== account.customerId) return "VALIDATION_ERROR"
  if (assets && !assets.has(assetSerialNumber)) return "ASSET_NOT_FOUND"
  const [onlyOne, ...more] = new Set(held.map((line) => line.sku))
  const meant = assets?.get(assetSerialNumber) ?? sku ?? (more.length === 0 ? onlyOne : undefined)
  if (meant === undefined) return "VALIDATION_ERROR"
  if (sku !== undefined && sku !== meant) return "SKU_MISMATCH"
  if (!account.lines.some((line) => line.sku === meant)) return "SKU_MISMATCH"
  if (!held.some((line) => line.sku === meant)) return "ITEM_FULLY_FULFILLED"
  return isRented ? "ASSET_NOT_AVAILABLE" : null
}

// --- what an event does to an order ----------------------------------------------------------------------------------------------------------

/** The account after a change, with everything that is wrong with the change. Null when the change makes no sense at all. */
export interface Followed {
  readonly account: Account | null
  readonly faults: ReadonlyArray<Fault>
}

/**
 * Follow a change that was committed at `now` (ms, virtual time). `isRented`: whether the asset of a subscription that it starts is under an
 * active one, anywhere in the tenant.
 */
export const follow = (account: Account | null, change: Change, isRented: boolean, rules: Rules, now: number): Followed => {
  const { transition, sealed } = change
  const { event } = transition
  const faults: Array<Fault> = []
  const fault = (id: InvariantId, message: string): void => void faults.push({ id, message: `${event.type}: ${message}` })

  const expected = (account?.version ?? 0) + 1
  if (event.sequence !== expected) fault("C2", `it is event ${event.sequence} where ${expected} is next`)
  if ((transition.before?.version ?? 0) !== (account?.version ?? 0))
    fault("C1", `it was decided on version ${transition.before?.version ?? 0}, and the order is at ${account?.version ?? 0}`)
  if (sealed.previousHash !== (account?.hash ?? null)) fault("A6", "it is not sealed behind the newest event")
  if (account !== null && event.at < account.at) fault("A4", `it is of ${event.at}, before ${account.at}`)
  const from = account === null ? null : statusOf(account)
  if (event.from !== from) fault("A3", `it says from ${event.from}, and the order is ${from}`)

  const { process } = rules
  if (event.process?.name !== process?.name || event.process?.version !== process?.version)
    fault("A4", `it says that it came about under ${event.process?.name ?? "no process"}`)

  const next = account === null ? begin(event, sealed.hash, fault) : proceed(account, event, sealed.hash, isRented, rules, fault)
  if (next === null) return { account: null, faults }

  const to = statusOf(next)
  if (event.to !== to || transition.after.status !== to) fault("T1", `it leads to ${event.to}, and should to ${to}`)
  if (transition.after.version !== event.sequence) fault("A1", `it makes version ${transition.after.version}`)
  next.lines.forEach((line, position) => {
    const units = transition.after.lines[position]?.units
    if (units === undefined || !isAt(line, units)) {
      const places = `${units?.held} held, ${units?.active} active, ${units?.ended} ended, ${units?.released} released`
      fault("S2", `line ${position} is now ${places}; that should be ${placesOf(line)}`)
    }
  })
  checkReservations(change, account, next, fault)
  const { waitRules = [], clockErrorMs = 0, ownAccount } = rules
  const contracts = contractsOf(account, next, rules)
  const waits = followWaits(next.waits, change, waitRules, contracts, { now, clockErrorMs }, fault)
  const known = ownAccount?.follow(account?.known, event)
  const { data } = transition.after
  if (!isSameData(next.data, data)) fault("A2", "the order has other own data than its events say")
  if (ownAccount?.dataOf && !isSameData(ownAccount.dataOf(known), data))
    fault("T1", "the order's own data are not as they should be")
  return { account: { ...next, waits, known }, faults }
}

/** The ends of contracts that an order waits for from this version on, and those that it does not wait for as before. */
const contractsOf = (before: Account | null, after: Account, { whenContractEnds }: Rules): ContractWaits => {
  const was = new Map(before?.subscriptions.map((each) => [each.id, each]))
  const changed = after.subscriptions.filter((each) => was.get(each.id) !== each)
  const waits = changed.map((each) => contractWait(each, endOf(each), after.version, whenContractEnds))
  const isOther = (each: Account["subscriptions"][number]) => was.get(each.id)?.months !== each.months || !each.isActive
  return {
    begun: waits.filter((_, n) => changed[n] !== undefined && changed[n].isActive && isOther(changed[n])),
    ended: new Set(waits.flatMap(({ rule }, n) => (changed[n] !== undefined && isOther(changed[n]) ? [rule.name] : [])))
  }
}

export const isSameData = (a: object | null | undefined, b: object | null | undefined): boolean =>
  sorted(a ?? {}) === sorted(b ?? {})

/** Takes what is wrong. */
export type Report = (id: InvariantId, message: string) => void

const begin = (event: AuditEvent, hash: string, fault: Report): Account | null => {
  if (event.type !== "order.placed") {
    fault("T1", "there is no such order")
    return null
  }
  if (event.released.length > 0) fault("S4", "it releases something")
  const { customerId, currency, lines, data = null } = event.details
  return {
    version: event.sequence,
    customerId,
    isConfirmed: false,
    currency,
    cancelled: null,
    lines: lines.map(allHeld),
    subscriptions: [],
    own: null,
    data,
    known: undefined,
    waits: [],
    at: event.at,
    hash
  }
}

const proceed = (
  account: Account,
  event: AuditEvent,
  hash: string,
  isRented: boolean,
  rules: Rules,
  fault: Report
): Account | null => {
  if (account.cancelled && event.type !== "order.payment_recorded") fault("T2", "the order was cancelled before")
  if (!mayRelease.has(event.type) && event.released.length > 0) fault("S4", "it releases something")
  const same: Account = { ...account, version: event.sequence, at: event.at, hash }
  if (isOwnEvent(event)) return proceedOwn(same, statusOf(account), event, rules, fault)
  const { lines, subscriptions } = account
  const standing = standingOf(account, rules.process)
  const command = definitionByKind.get(event.type)?.name
  if (command !== undefined && exceptionOf(account, command, rules.process) !== undefined)
    fault("T1", `an order that is ${statusOf(account)} refuses it`)
  switch (event.type) {
    case "order.placed":
      fault("T1", "the order was placed before")
      return null
    case "order.confirmed":
      if (!unconfirmed.has(standing)) fault("T1", "the order was confirmed before")
      return { ...same, isConfirmed: true, own: null }
    case "subscription.started": {
      const { subscriptionId: id, line, serialNumber, startDate, contractLength: months } = event.details
      if (!openToStarts.has(standing)) fault("T1", "the order is not confirmed")
      if ((lines[line]?.held ?? 0) < 1) fault("S5", `line ${line} has no unit left`)
      if (isRented) fault("S6", `asset ${serialNumber} is under another active subscription`)
      if (subscriptions.some((each) => each.id === id)) fault("S5", `subscription ${id} is there already`)
      return {
        ...same,
        isConfirmed: true,
        own: null,
        lines: moved(lines, line, (units) => ({ ...units, held: units.held - 1, active: units.active + 1 })),
        subscriptions: [
          ...subscriptions,
          { id, line, serialNumber, isActive: true, isCancelled: false, startDate, months, firstMonths: months }
        ]
      }
    }
    case "subscription.ended":
    case "subscription.returned":
    case "subscription.bought_out":
    case "subscription.completed":
    case "subscription.extended":
    case "subscription.asset_replaced": {
      const { subscriptionId: id } = event.details
      const was = subscriptions.find((each) => each.id === id)
      if (was === undefined || !was.isActive) {
        fault("T1", `subscription ${id} is not active`)
        return null
      }
      const is = changedBy(was, event, isRented, fault)
      return {
        ...same,
        lines: is.isActive
          ? lines
          : moved(lines, was.line, (units) => ({ ...units, active: units.active - 1, ended: units.ended + 1 })),
        subscriptions: subscriptions.map((each) => (each === was ? is : each))
      }
    }
    case "subscription.upgraded": {
      const { subscriptionId: old, newSubscriptionId: id, newSerialNumber: serialNumber, newLine, startDate } = event.details
      const was = subscriptions.find((each) => each.id === old)
      if (was === undefined || !was.isActive) {
        fault("T1", `subscription ${old} is not active`)
        return null
      }
      if (isRented) fault("S6", `asset ${serialNumber} is under another active subscription`)
      if (subscriptions.some((each) => each.id === id)) fault("S5", `subscription ${id} is there already`)
      const line: LineAccount = { ...allHeld({ sku: newLine.sku, quantity: 1 }), held: 0, active: 1 }
      const months = newLine.contractLength
      const begun = { id, line: lines.length, serialNumber, startDate, months, firstMonths: months }
      return {
        ...same,
        lines: [...moved(lines, was.line, (units) => ({ ...units, active: units.active - 1, ended: units.ended + 1 })), line],
        subscriptions: [
          ...subscriptions.map((each) => (each === was ? { ...was, isActive: false } : each)),
          { ...begun, isActive: true, isCancelled: false }
        ]
      }
    }
    case "order.items_released": {
      const left = given(lines, event.released)
      for (const [line, { held }] of left.entries()) if (held < 0) fault("S4", `it releases more than line ${line} holds`)
      if (event.released.length === 0) fault("S4", "it releases nothing")
      if (!mayHoldNothing.has(standing) && left.every(({ held }) => held === 0)) fault("T1", "it leaves nothing of the order")
      return { ...same, lines: left }
    }
    case "order.items_added":
      if (!openToLines.has(standing)) fault("T1", "the order takes no more lines")
      return { ...same, lines: [...lines, ...event.details.lines.map(allHeld)] }
    case "order.corrected":
    case "order.payment_recorded":
      return same
    case "order.cancelled": {
      const inTheWay = inTheWayOf(account, rules)
      if (inTheWay.length > 0) fault("T4", `${inTheWay.length} subscriptions are in the way`)
      const held = lines.flatMap(({ sku, held }, line) => (held > 0 ? [`${held} ${sku} of line ${line}`] : []))
      const released = event.released.map(({ line, sku, quantity }) => `${quantity} ${sku} of line ${line}`)
      if (held.join() !== released.join())
        fault("S4", `it releases ${released.join(", ") || "nothing"}, and held is ${held.join(", ") || "nothing"}`)
      return {
        ...same,
        own: null,
        cancelled: { at: event.at, reason: event.confidential.reason },
        lines: lines.map((line) => ({ ...line, held: 0, released: line.released + line.held }))
      }
    }
  }
}

/** An active subscription after what happened to it. */
const changedBy = (
  was: Account["subscriptions"][number],
  event: Extract<AuditEvent, { type: (typeof happensToActive)[number] }>,
  isRented: boolean,
  fault: Report
): Account["subscriptions"][number] => {
  switch (event.type) {
    case "subscription.extended": {
      const { details } = event
      const is = { ...was, months: was.months + details.months }
      if (is.months > 120 || details.newContractLength !== is.months)
        fault("T1", `it runs for ${details.newContractLength} months`)
      if (Date.parse(details.newEndDate) !== endOf(is)) fault("T1", `it ends at ${details.newEndDate}`)
      return is
    }
    case "subscription.asset_replaced": {
      const { oldSerialNumber, newSerialNumber: serialNumber } = event.details
      if (isRented) fault("S6", `asset ${serialNumber} is under another active subscription`)
      if (oldSerialNumber !== was.serialNumber) fault("T1", `it did not have asset ${oldSerialNumber}`)
      return { ...was, serialNumber }
    }
    case "subscription.completed":
      if (Date.parse(event.at) < endOf(was)) fault("T1", "its contract is not over")
      return { ...was, isActive: false }
    case "subscription.ended":
      return { ...was, isActive: false, isCancelled: cancels.has(event.details.status) }
    case "subscription.returned":
    case "subscription.bought_out":
      return { ...was, isActive: false }
  }
}
/** The end that a cancel makes of a subscription; the others are told apart by their events. */
export const cancels: ReadonlySet<string> = new Set(["cancelled"])
const happensToActive = [
  "subscription.ended",
  "subscription.returned",
  "subscription.bought_out",
  "subscription.completed",
  "subscription.extended",
  "subscription.asset_replaced"
] as const

/** The asset that a subscription has from an event on, if it gets one by it. */
export const assetTakenBy = (event: AuditEvent): SerialNumber | undefined =>
  event.type === "subscription.started"
    ? event.details.serialNumber
    : event.type === "subscription.asset_replaced" || event.type === "subscription.upgraded"
      ? event.details.newSerialNumber
      : undefined

/** The events that may give units back. */
const mayRelease: ReadonlySet<string> = new Set(["order.cancelled", "order.items_released"])

const allHeld = ({ sku, quantity }: { readonly sku: Sku; readonly quantity: number }): LineAccount => ({
  sku,
  quantity,
  held: quantity,
  active: 0,
  ended: 0,
  released: 0
})

/** The lines after units of some of them were given back. */
const given = (lines: ReadonlyArray<LineAccount>, released: AuditEvent["released"]): ReadonlyArray<LineAccount> =>
  released.reduce<ReadonlyArray<LineAccount>>(
    (left, { line, quantity }) =>
      moved(left, line, (units) => ({ ...units, held: units.held - quantity, released: units.released + quantity })),
    lines
  )

/** What an own command does: it leads to where it says, tells own data, and moves no unit. */
const proceedOwn = (same: Account, status: string, event: OwnEvent, rules: Rules, fault: Report): Account | null => {
  const { process } = rules
  const command = ownCommandOf(event, process)
  if (command === undefined) {
    fault("T1", "the process has no such event")
    return null
  }
  const { to, details } = event
  if (targetOf(rules, command, status) !== to) fault("T1", `${command} does not lead from ${status} to ${to}`)
  const isOwn = process?.statuses.has(to) ?? false
  return {
    ...same,
    own: isOwn ? to : null,
    isConfirmed: isOwn ? same.isConfirmed : !unconfirmed.has(to),
    data: details.data ?? same.data
  }
}

/** The own command that an event records. */
export const ownCommandOf = (own: OwnEvent, process: OrderProcess | undefined): string | undefined =>
  [...(process?.commands ?? [])].find(([, { event }]) => event === typeOf(own))?.[0]

const moved = (lines: Account["lines"], position: number, move: (line: LineAccount) => LineAccount): Account["lines"] =>
  lines.map((line, index) => (index === position ? move(line) : line))

type Places = Pick<LineAccount, "held" | "active" | "ended" | "released">

export const isAt = (line: LineAccount, units: Places): boolean =>
  line.held === units.held && line.active === units.active && line.ended === units.ended && line.released === units.released

export const placesOf = ({ held, active, ended, released }: Places): string =>
  `${held} held, ${active} active, ${ended} ended, ${released} released`

/** The reservations change exactly where units move, from where they were to where they are. */
const checkReservations = ({ reservations }: Change, before: Account | null, after: Account, fault: Report): void => {
  const told = new Map(reservations.map((each) => [each.line, each]))
  after.lines.forEach((line, position) => {
    const was = before?.lines[position]
    const reservation = told.get(position)
    told.delete(position)
    if (was !== undefined && isAt(was, line)) {
      if (reservation !== undefined) fault("S1", `the reservation of line ${position} is changed, and nothing moves there`)
      return
    }
    const isRight =
      reservation !== undefined &&
      reservation.sku === line.sku &&
      reservation.quantity === line.quantity &&
      isAt(line, reservation.to) &&
      (was === undefined ? reservation.from === null : reservation.from !== null && isAt(was, reservation.from))
    if (!isRight) fault("S1", `the reservation of line ${position} does not follow its units`)
  })
  for (const position of told.keys()) fault("S1", `there is a reservation of line ${position}, and no such line`)
}
