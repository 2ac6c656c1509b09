/**
 * An order's events, walked from the first to the last: does each follow from the one before by an answer that the machine gives? Pure.
 *
 * The machine is asked about each event anew, with the units and subscriptions the order had then. Nothing here knows a status by name.
 */
import type { AuditEvent } from "../order/AuditEvent.ts"
import { evolve } from "../order/evolve.ts"
import { type Answer, answerTo, hasStatus, isFinal, type Lifecycle, recordedBy } from "../order/lifecycleTable.ts"
import { type Order, unitsOf } from "../order/Order.ts"

/** What a step of the walk met, with the id of the invariant it breaks. */
export interface StepFault {
  readonly id: "T1" | "T2" | "T4" | "S4" | "A3" | "A4"
  readonly message: string
}

/** The order that the events make, and everything wrong on the way. The order is null when they do not make one. */
export interface Walk {
  readonly order: Order | null
  readonly faults: ReadonlyArray<StepFault>
}

/** Walk. `all` are the lifecycles under which the events may have come about: a step is right when it is right under one of them. */
export const walkHistory = (all: ReadonlyArray<Lifecycle>, events: ReadonlyArray<AuditEvent>): Walk => {
  const faults: Array<StepFault> = []
  let order: Order | null = null
  for (const event of events) {
    if (event.from !== (order?.status ?? null)) {
      const expected = order === null ? "null" : order.status
      faults.push({
        id: "A3",
        message: `event ${event.sequence} says from ${event.from}, and the one before it led to ${expected}`
      })
      return { order: null, faults }
    }
    if (order !== null && event.at < order.updatedAt) {
      faults.push({
        id: "A4",
        message: `event ${event.sequence} is of ${event.at}, before the one it follows (${order.updatedAt})`
      })
    }
    const policies = all.filter((each) => canJudge(each, event))
    const fault = policies.length === 0 ? null : stepFault(policies, order, event)
    if (fault !== null) {
      faults.push(fault)
      return { order: null, faults }
    }
    order = evolve(order, event)
  }
  return { order, faults }
}

const stepFault = (policies: ReadonlyArray<Lifecycle>, order: Order | null, event: AuditEvent): StepFault | null => {
  const step = `event ${event.sequence} (${event.type}, ${event.from} to ${event.to})`
  if (event.type === "order.placed" || order === null) {
    const isFirst = event.type === "order.placed" && order === null
    if (!isFirst) return { id: "T1", message: `${step} is not where an order begins, or begins it twice` }
    const isRight = policies.some(({ initial }) => initial === event.to) && event.released.length === 0
    return isRight ? null : { id: "T1", message: `${step} is not how an order is placed` }
  }
  const answers = policies.flatMap((lifecycle) => {
    const command = recordedBy(lifecycle, event.type)
    return command ? answerTo(lifecycle, order.status, { units: unitsOf(order) }, command.questionOfEvent(order, event)) : []
  })
  const accepted = answers.filter(({ refusal }) => refusal === undefined)
  const [first] = answers
  if (accepted.length === 0 && policies.every((lifecycle) => isFinal(lifecycle, order.status)))
    return { id: "T2", message: `${step} follows ${order.status}, and is refused there` }
  if (accepted.length === 0) {
    const id = event.type === "order.cancelled" ? "T4" : "T1"
    return {
      id,
      message: `${step} is refused by the machine: ${first?.refusal?.code} (${first?.refusal?.lacking} does not hold)`
    }
  }
  const answer = accepted.find(({ to }) => to === event.to)
  if (answer === undefined)
    return { id: "T1", message: `${step} should lead to ${accepted.map(({ to }) => to).join(" or ")}, as the machine has it` }
  return releaseFault(order, event, answer, step)
}

/**
 * Whether a lifecycle can judge an event: it has the status before it, and a command that it records. An event of a process that is not at hand
 * cannot be judged; what it says of itself is folded all the same.
 */
export const canJudge = (lifecycle: Lifecycle, { from, type }: AuditEvent): boolean =>
  from === null || (hasStatus(lifecycle, from) && (type === "order.placed" || recordedBy(lifecycle, type) !== undefined))

/** A cancel, or a release of the rest, releases exactly what was held; another release what its lines hold; nothing else releases anything. */
const releaseFault = (order: Order, event: AuditEvent, answer: Answer, step: string): StepFault | null => {
  if (answer.consequences.includes("releaseSomeHeldUnits")) {
    const isHeld = event.released.every(({ line, sku, quantity }) => {
      const of = order.lines[line]
      return of?.sku === sku && quantity >= 1 && quantity <= of.units.held
    })
    if (isHeld && event.released.length > 0) return null
    return { id: "S4", message: `${step} does not release what its lines hold: ${JSON.stringify(event.released)}` }
  }
  const held = answer.consequences.includes("releaseHeldUnits")
    ? order.lines.flatMap(({ sku, units }, line) => (units.held > 0 ? [{ line, sku, quantity: units.held }] : []))
    : []
  const write = (units: ReadonlyArray<{ line: number; sku: string; quantity: number }>) =>
    units.map(({ line, sku, quantity }) => `${quantity} ${sku} of line ${line}`).join(", ") || "nothing"
  const isExact =
    held.length === event.released.length &&
    held.every((unit, index) => {
      const released = event.released[index]
      return released?.line === unit.line && released.sku === unit.sku && released.quantity === unit.quantity
    })
  return isExact
    ? null
    : { id: "S4", message: `${step} releases ${write(event.released)}, and ${write(held)} was to be released` }
}
