/**
 * One order's record, judged: everything that is wrong with it. Pure.
 *
 * Causes before consequences. A record that cannot be read says nothing about its units, and a history that was tampered with nothing
 * about transitions; then only the first is reported. What can still be told is told.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { OrderRecord } from "../lifecycle/OrderRecords.ts"
import { verifyChain } from "../order/auditChain.ts"
import { type Digest, portableDigest } from "../order/digest.ts"
import { AuditEvent, isErasable } from "../order/AuditEvent.ts"
import { breachesOf } from "../order/invariants.ts"
import type { LoadedProcess } from "../order/process/loadProcess.ts"
import { type Lookup, type LookupKind, lookupsOf } from "../order/lookups.ts"
import { filterableOf } from "../order/process/OwnFilters.ts"
import { hasStatus, isFinal, type Lifecycle } from "../order/lifecycleTable.ts"
import { endingContract } from "../order/contractEnds.ts"
import { activeSubscriptions, isActive, Order, type OwnData } from "../order/Order.ts"
import { inputFaults } from "../order/readInput.ts"
import { differences } from "./differences.ts"
import type { InvariantId } from "./invariants.ts"
import { walkHistory } from "./walkHistory.ts"
import { withoutNotes } from "../order/withoutNotes.ts"

/** One thing wrong with one order. */
export interface RecordFault {
  readonly id: InvariantId
  readonly message: string
}

/** Everything wrong with a record; empty when it is sound. */
export const checkRecord = (
  policies: ReadonlyArray<Lifecycle>,
  record: OrderRecord,
  digest = portableDigest
): ReadonlyArray<RecordFault> => {
  if (record.order === null) return [{ id: "C4", message: describeRemains(record) }]
  const disagreements = record.disagreements.map((message): RecordFault => ({ id: "C4", message }))
  const order = readOrder(record.order)
  const historyFaults = checkChain(record, Result.isSuccess(order) ? order.success.version : undefined, digest)
  if (Result.isFailure(order)) {
    return [{ id: "A2", message: `the stored order cannot be read: ${order.failure}` }, ...historyFaults, ...disagreements]
  }
  const [lifecycle] = policies
  const isOver = lifecycle !== undefined && hasStatus(lifecycle, order.success.status) && isFinal(lifecycle, order.success.status)
  return [
    ...checkLaws(lifecycle?.process, order.success, isOver),
    ...checkReservations(record, order.success),
    ...historyFaults,
    // What follows rests on the events, and so only on a history that is whole.
    ...(historyFaults.length > 0 ? [] : checkHistory(policies, record, order.success, isOver)),
    ...checkOutbox(record),
    ...checkDue(record, order.success),
    ...disagreements
  ]
}

// --- the order by itself -----------------------------------------------------------------------------------------------------------------

const decodeOrder = Schema.decodeUnknownResult(Order)
const decodeEvent = Schema.decodeUnknownResult(AuditEvent)

const readOrder = (order: unknown): Result.Result<Order, string> =>
  Result.mapError(decodeOrder(order), ({ issue }) => firstFault(issue))

/** Where it does not fit and why; the value itself may be confidential. */
const firstFault = (issue: Parameters<typeof inputFaults>[0]): string => {
  const [{ path, message }] = inputFaults(issue)
  return `${path === "" ? "it" : path} ${message}`
}

const lawIds = { units: "S2", subscriptions: "T5" } as const

const checkLaws = (process: LoadedProcess | undefined, order: Order, isOver: boolean): ReadonlyArray<RecordFault> => {
  const breaches = breachesOf(order, process).map(({ law, message }): RecordFault => ({
    id: law === "status" ? (isOver ? "S3" : "T5") : lawIds[law],
    message
  }))
  const active = isOver ? activeSubscriptions(order) : []
  const afterwards = active.map(({ subscriptionId }): RecordFault => ({
    id: "T3",
    message: `subscription ${subscriptionId} is active, and the order is ${order.status}`
  }))
  // Line by line: the sums over all lines may fit where single lines do not.
  const lines = order.lines.flatMap(({ units }, line): ReadonlyArray<RecordFault> => {
    const rented = order.subscriptions.filter((subscription) => subscription.line === line).length
    const message = `line ${line} has ${units.active + units.ended} units that are or were rented, and ${rented} subscriptions`
    return rented === units.active + units.ended ? [] : [{ id: "S5", message }]
  })
  return [...breaches, ...afterwards, ...(breaches.some(({ id }) => id === "T5" || id === "S2") ? [] : lines)]
}

const checkReservations = ({ reservations }: OrderRecord, order: Order): ReadonlyArray<RecordFault> => {
  const write = (lines: ReadonlyArray<{ readonly sku: string; readonly quantity: number; readonly line?: number }>) =>
    lines.map(({ sku, quantity, line }, position) => `${line ?? position}: ${quantity} ${sku}`).join(", ")
  const [kept, ordered] = [write(reservations), write(order.lines)]
  return kept === ordered ? [] : [{ id: "S1", message: `the reservations are (${kept}) and the lines (${ordered})` }]
}

// --- its history -------------------------------------------------------------------------------------------------------------------------

/** The chain: every event is there, is this order's, and is as it was sealed. `version` is how many there are to be. */
const checkChain = (record: OrderRecord, version: number | undefined, digest: Digest): ReadonlyArray<RecordFault> => {
  const { tenantId, orderId, events } = record
  const fault = verifyChain(events, undefined, { tenantId, orderId }, digest)
  if (fault !== null) {
    return fault.fault === "missing"
      ? [{ id: "A1", message: `event ${fault.sequence} is missing` }]
      : [{ id: "A6", message: `event ${fault.sequence} is ${fault.fault}` }]
  }
  for (const { event } of events) {
    const decoded = decodeEvent(event)
    if (Result.isFailure(decoded) && !isErasedPlacement(event)) {
      return [{ id: "A4", message: `event ${event.sequence} cannot be read: ${firstFault(decoded.failure.issue)}` }]
    }
  }
  if (version !== undefined && version > events.length)
    return [{ id: "A1", message: `event ${events.length + 1} is missing: the order is at version ${version}` }]
  if (version !== undefined && version < events.length)
    return [{ id: "A1", message: `event ${version + 1} is there, and the order is at version ${version}` }]
  return []
}

/** A placing event without its confidential part: well-formed in all the rest. That the order does not follow from it is A2's to say. */
const isErasedPlacement = (event: AuditEvent): boolean => !isErasable(event) && Object.keys(event.confidential).length === 0

const checkHistory = (
  policies: ReadonlyArray<Lifecycle>,
  record: OrderRecord,
  order: Order,
  isOver: boolean
): ReadonlyArray<RecordFault> => {
  const { events, headHash } = record
  const faults: Array<RecordFault> = []
  const cancels = events.filter(({ event }) => event.type === "order.cancelled").length
  if (cancels !== (isOver ? 1 : 0))
    faults.push({ id: "A8", message: `there are ${cancels} cancel events, and the order is ${order.status}` })
  if (headHash !== (events.at(-1)?.hash ?? null))
    faults.push({ id: "A6", message: "the hash that the next event would be sealed behind is not that of the newest event" })

  const walk = walkHistory(
    policies,
    events.map(({ event }) => event)
  )
  faults.push(...walk.faults)
  if (walk.order === null) return faults
  const found = differences(withoutNotes(record.order as Order), withoutNotes(walk.order))
  if (found.length > 0)
    faults.push({ id: "A2", message: `the stored order is not what its events make of it: ${found.join("; ")}` })
  return [...faults, ...checkFilterable(policies[0]?.process, record, walk.order.data), ...checkLookups(record, walk.order)]
}

/** Lists find the order by members of its own data as its events have them, and by each that the process names. */
const checkFilterable = (
  process: LoadedProcess | undefined,
  { filterable }: OrderRecord,
  data: OwnData | undefined
): ReadonlyArray<RecordFault> => {
  if (filterable === null) return []
  const wrong = filterable.filter(({ member, json }) => json !== JSON.stringify(data?.[member]))
  const kept = new Set(filterable.map(({ member }) => member))
  const named = process === undefined ? {} : filterableOf(process.data.filters, data)
  const missing = Object.keys(named).filter((member) => !kept.has(member))
  return [
    ...wrong.map(({ member }): RecordFault => ({
      id: "F1",
      message: `lists look for it by a value of data.${member} that its events do not say`
    })),
    ...missing.map((member): RecordFault => ({ id: "F1", message: `lists do not find it by data.${member}` }))
  ]
}

/** The words for what lists find an order by, as they are asked for. */
const lookupWords: Readonly<Record<LookupKind, string>> = { reference: "externalReference", email: "email", sku: "sku" }

/** Lists find the order by what its events make of it, and by nothing else. What that is may be confidential. */
const checkLookups = ({ lookups }: OrderRecord, order: Order): ReadonlyArray<RecordFault> => {
  if (lookups === null) return []
  const expected = lookupsOf(order)
  const isIn = (all: ReadonlyArray<Lookup>) => (one: Lookup) =>
    all.some(({ kind, value }) => kind === one.kind && value === one.value)
  const wordOf = ({ kind }: Lookup) => lookupWords[kind] ?? kind
  const wrong = lookups.filter((one) => !isIn(expected)(one)).map(wordOf)
  const missing = expected.filter((one) => !isIn(lookups)(one)).map(wordOf)
  return [
    ...Array.from(new Set(wrong), (name): RecordFault => ({
      id: "F1",
      message: `lists look for it by a value of ${name} that its events do not say`
    })),
    ...Array.from(new Set(missing), (name): RecordFault => ({ id: "F1", message: `lists do not find it by ${name}` }))
  ]
}

// --- what hangs on it --------------------------------------------------------------------------------------------------------------------

/** Every event has its position or will be given one, and every consumer has what was handed on to it and it has not done. */
const checkOutbox = ({ events, positions, unplaced, consumers }: OrderRecord): ReadonlyArray<RecordFault> => {
  const known = new Set(events.map(({ event }) => event.sequence))
  const placed = positions.map(({ sequence }) => sequence)
  const reached = new Set([...placed, ...unplaced])
  const faults: Array<RecordFault> = []
  const fault = (id: "O1" | "O5", message: string) => faults.push({ id, message })

  const lost = [...known].filter((sequence) => !reached.has(sequence))
  if (lost.length > 0)
    fault("O5", `no consumer can be given the events ${lost.join(", ")}: they have no position and wait for none`)
  const stray = [...reached].filter((sequence) => !known.has(sequence))
  if (stray.length > 0) fault("O1", `the outbox has events ${stray.join(", ")}, which do not exist`)
  const turns = [...placed, ...unplaced]
  const isInSequence =
    turns.every((sequence, index) => index === 0 || sequence > (turns[index - 1] ?? 0)) &&
    positions.every(({ position }, index) => index === 0 || position > (positions[index - 1]?.position ?? 0))
  if (!isInSequence) fault("O1", "its events do not stand in the outbox in their sequence")

  for (const { consumer, upTo, isBehind, undone } of consumers) {
    const forgotten = positions.filter(({ position }) => position > upTo)
    if (!isBehind && forgotten.length > 0)
      fault("O5", `consumer ${consumer} will not be given the events ${forgotten.map(({ sequence }) => sequence).join(", ")}`)
    if (undone === null) continue
    const handedOn = positions.findLast(({ position }) => position <= upTo)?.sequence ?? 0
    if (undone.last > handedOn) fault("O1", `consumer ${consumer} has event ${undone.last}, which was not handed on to it`)
    if (undone.last < handedOn) fault("O5", `consumer ${consumer} lacks the events from ${undone.last + 1} to ${handedOn}`)
  }
  return faults
}

/**
 * What an order waits for, it waits for in the status it is in, and since it came there; or it waits for the end of an active subscription's
 * contract.
 */
const checkDue = ({ events, due }: OrderRecord, order: Order): ReadonlyArray<RecordFault> => {
  const last = events.at(-1)?.event
  return due.flatMap(({ name, since, status, at }): ReadonlyArray<RecordFault> => {
    const came = events[since - 1]?.event
    const fault = (message: string): RecordFault => ({ id: "D1", message: `due command ${name}: ${message}` })
    const ending = endingContract(name)
    if (ending !== undefined) {
      const subscription = order.subscriptions.find(({ subscriptionId }) => subscriptionId === ending)
      if (subscription === undefined || !isActive(subscription)) return [fault("there is no such active subscription")]
      return at === subscription.endDate ? [] : [fault(`it is due at ${at}, and the contract ends at ${subscription.endDate}`)]
    }
    if (last !== undefined && status !== last.to) return [fault(`it is waited for in ${status}, and the order is ${last.to}`)]
    if (came?.to !== status) return [fault(`event ${since} did not bring the order to ${status}`)]
    return at < came.at ? [fault(`it was due before event ${since}`)] : []
  })
}

const describeRemains = ({
  reservations,
  events,
  positions,
  unplaced,
  filterable,
  lookups,
  disagreements
}: OrderRecord): string =>
  [
    "there is no such order, and yet there is something of it",
    ...(reservations.length > 0 ? [`${reservations.length} reservations`] : []),
    ...(events.length > 0 ? [`${events.length} events`] : []),
    ...(filterable !== null && filterable.length > 0 ? [`${filterable.length} values of own data`] : []),
    ...(lookups !== null && lookups.length > 0 ? [`${lookups.length} values to find it by`] : []),
    ...(positions.length + unplaced.length > 0 ? [`${positions.length + unplaced.length} events in the outbox`] : []),
    ...disagreements
  ].join("; ")
