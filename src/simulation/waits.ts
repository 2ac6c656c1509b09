/**
 * What an order waits for, as the auditor tells it: which command is given by itself, when, and in which status. It shares no code with what
 * gives them. Source: whole-life.md, section 6.
 */
import * as Result from "effect/Result"
import type { Change } from "../lifecycle/OrderStore.ts"
import { type AuditEvent, isOwnEvent } from "../order/AuditEvent.ts"
import { definitions } from "../order/commands/definitions.ts"
import type { CommandType } from "../order/commands/index.ts"
import type { ContractEnding } from "../order/contractEnds.ts"
import { readDuration } from "../order/durationText.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { fromMillis } from "../order/Timestamp.ts"
import type { Report } from "./Account.ts"

/** So long in a status, and an event of this type comes about, once, by the actor `system`. */
export interface WaitRule {
  readonly name: string
  /** Null: wherever the order stands. */
  readonly status: string | null
  readonly afterMs: number
  /** Whether an event is what comes of the command that is given. */
  readonly isOf: (event: AuditEvent) => boolean
  /** Nothing is given: the moment passes, and the row with it. */
  readonly isPassed?: true
}

/** A command that an order waits for: from this version on, until this moment (ms since 1970). */
export interface Wait {
  readonly rule: WaitRule
  readonly since: number
  readonly at: number
}

/** What orders wait for under a process, and where pending ones expire after so long. */
export const waitRulesOf = (
  process: OrderProcess | undefined,
  pendingExpiresAfter: string | undefined
): ReadonlyArray<WaitRule> => [
  ...[...(process?.dueCommands ?? [])].map(
    ([
      name,
      {
        when: { status },
        after,
        command,
        payload = {}
      }
    ]) => ({
      name,
      status,
      afterMs: msOf(after),
      isOf: says(process?.commands.get(command)?.event ?? definitions[command as CommandType].kind, payload)
    })
  ),
  ...(pendingExpiresAfter === undefined ? [] : [expiry(msOf(pendingExpiresAfter))])
]

const expiry = (afterMs: number): WaitRule => ({
  name: "expire",
  status: "pending",
  afterMs,
  isOf: says("order.cancelled", { reason: "expired", reasonCode: "expired" })
})

/** Events of a type in which exactly this is said. */
const says =
  (type: string, payload: object) =>
  (event: AuditEvent): boolean =>
    typeOf(event) === type && sorted(payload) === sorted(saidBy(event))

const msOf = (duration: string): number => Result.getOrThrow(readDuration(duration))

/** It was given because its moment had come, and not by a caller. */
export const isGivenByItself = ({ actor }: AuditEvent): boolean => actor.userId === "system" && actor.role === "system"

/** The ends of contracts that a change has its order wait for, and those, by name, that it waits for no longer as it did. */
export interface ContractWaits {
  readonly begun: ReadonlyArray<Wait>
  readonly ended: ReadonlySet<string>
}

/** A subscription whose contract ends: after so many months, and how many they were at first. */
interface Contract {
  readonly id: string
  readonly months: number
  readonly firstMonths: number
}

/** The wait for the end of a contract, and what is done then under a setting. Source: whole-life.md, section 4. */
export const contractWait = (contract: Contract, at: number, since: number, ending: ContractEnding = "require_action"): Wait => {
  const { id, months, firstMonths } = contract
  const more = { auto_renew_monthly: 1, auto_renew_same_term: firstMonths, auto_terminate: 0, require_action: Infinity }[ending]
  const isPassed = months + more > 120
  const isOf = (event: AuditEvent): boolean =>
    !isPassed &&
    (more === 0
      ? event.type === "subscription.completed" && event.details.subscriptionId === id
      : event.type === "subscription.extended" &&
        event.details.subscriptionId === id &&
        event.details.months === more &&
        event.confidential.reason === "contract_end")
  return { rule: { name: `contractEnds:${id}`, status: null, afterMs: 0, isOf, ...(isPassed && { isPassed }) }, since, at }
}

/** Whether it is the end of a contract that is waited for. */
const isOfContract = ({ rule }: Wait): boolean => rule.status === null

/** When a change was committed: by the world's time (ms), and how far the store's clock may be off it. */
export interface Moment {
  readonly now: number
  readonly clockErrorMs: number
}

/** What an order waits for after a change, with everything that is wrong with the change in this. */
export const followWaits = (
  waits: ReadonlyArray<Wait>,
  change: Change,
  rules: ReadonlyArray<WaitRule>,
  contracts: ContractWaits,
  moment: Moment,
  fault: Report
): ReadonlyArray<Wait> => {
  const { event } = change.transition
  const given = isGivenByItself(event) ? waits.find(({ rule }) => rule.isOf(event)) : undefined
  if (isGivenByItself(event)) checkMoment(given, event, moment, fault)
  const isMoved = event.from !== event.to
  const ofRules = waits.filter((wait) => !isOfContract(wait))
  const kept = [
    ...(isMoved ? [] : ofRules.filter((wait) => wait !== given)),
    ...waits.filter((wait) => isOfContract(wait) && !contracts.ended.has(wait.rule.name))
  ]
  const begun = [
    ...(isMoved ? rules.filter(({ status }) => status === event.to).map((rule) => waitFrom(rule, event)) : []),
    ...contracts.begun
  ]
  checkRows(change, waits, kept, begun, fault)
  return [...kept, ...begun]
}

const waitFrom = (rule: WaitRule, { sequence, at }: AuditEvent): Wait => ({
  rule,
  since: sequence,
  at: Date.parse(at) + rule.afterMs
})

/** The type of an event, the library's or a process's, as a text. */
export const typeOf = ({ type }: { readonly type: string }): string => type

/** What the caller of a command has said, as its event has it. */
export const saidBy = (event: AuditEvent): object =>
  isOwnEvent(event) ? { ...event.details.payload, ...event.confidential } : { ...event.details, ...event.confidential }

/** An object as text: equal for equal members, in whatever order they stand. */
export const sorted = (members: object): string =>
  JSON.stringify(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)))

const checkMoment = (given: Wait | undefined, event: AuditEvent, { now, clockErrorMs }: Moment, fault: Report): void => {
  if (given === undefined) return fault("D1", "it is given by itself, and the order does not wait for it, or not any more")
  const { rule, at } = given
  if (Date.parse(event.at) < at || now < at - clockErrorMs)
    fault("D1", `${rule.name} is given before its moment, ${fromMillis(at)}`)
}

/** The rows of what an order waits for are written and taken away by the very change that asks for it. */
const checkRows = (
  { due }: Change,
  before: ReadonlyArray<Wait>,
  kept: ReadonlyArray<Wait>,
  begun: ReadonlyArray<Wait>,
  fault: Report
): void => {
  const written = due?.set.map(({ name, since, at }) => `${name} since ${since} at ${Date.parse(at)}`) ?? []
  const asked = begun.map(({ rule, since, at }) => `${rule.name} since ${since} at ${at}`)
  if (written.toSorted().join() !== asked.toSorted().join())
    fault("D1", `it lets the order wait for ${written.join(", ") || "nothing"}, and should for ${asked.join(", ") || "nothing"}`)
  const cleared = new Set(due?.cleared)
  const isAnew = ({ rule }: Wait) => begun.some((each) => each.rule.name === rule.name)
  const left = before.find((wait) => !kept.includes(wait) && !cleared.has(wait.rule.name) && !isAnew(wait))
  if (left !== undefined) fault("D1", `${left.rule.name} is waited for no longer, and its row stays`)
  const lost = kept.find(({ rule }) => cleared.has(rule.name))
  if (lost !== undefined) fault("D1", `${lost.rule.name} is still waited for, and its row is taken away`)
}
