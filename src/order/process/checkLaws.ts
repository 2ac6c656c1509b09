/**
 * Whether a process keeps the laws that none may break: units only move as units move, and what a status says of them is true. Every life of a
 * small order is walked, guards taken as true; what breaks a law is told as the shortest list of commands that does.
 */
import type { CommandType, OrderEvent } from "../commands/index.ts"
import { canBeAccepted } from "../due.ts"
import { fitsStatus } from "../invariants.ts"
import { type Answer, answersOf, commandNames, type Consequence, type Lifecycle } from "../lifecycleTable.ts"
import type { OrderStatus } from "../Order.ts"
import * as Units from "../Units.ts"
import { WrongProcess } from "./WrongProcess.ts"

/** As many units as it takes for some to be held while others are rented, and others again have ended. */
export const mostUnits = 3

/** An order as far as laws go, and the commands that led there. */
interface Place {
  readonly status: OrderStatus
  readonly units: Units.Units
  readonly path: ReadonlyArray<string>
}

/** Throws a `WrongProcess` when commands lead to an order that breaks a law, or when there is a status that none leads to. */
export const checkLaws = (lifecycle: Lifecycle): void => {
  const { process } = lifecycle
  if (process === undefined) return
  const walks = Array.from({ length: mostUnits }, (_, more) => walk(lifecycle, more + 1))
  const broken = walks.find(({ fault }) => fault !== undefined)?.fault
  const reached = new Set(walks.flatMap(({ reached }) => [...reached]))
  const faults = [
    ...(broken === undefined ? [] : [broken]),
    ...process.due.flatMap(({ name, status, command }) =>
      canBeAccepted(lifecycle, status, command) ? [] : [`due ${name}: ${status} never accepts ${command}`]
    ),
    // Where the walk was broken off, what lies behind is not known.
    ...[...process.statuses.keys()].flatMap((status) =>
      broken === undefined && !reached.has(status as OrderStatus) ? [`status ${status}: no command leads to it`] : []
    )
  ]
  if (faults.length > 0) throw new WrongProcess(process.version.name, faults)
}

/** Every place that commands can bring an order of so many units to, the nearest first, until one breaks a law. */
const walk = (
  lifecycle: Lifecycle,
  quantity: number
): { readonly reached: ReadonlySet<OrderStatus>; readonly fault?: string } => {
  const first: Place = { status: lifecycle.initial, units: Units.allHeld(quantity), path: [] }
  const queue: Array<Place> = [first]
  const seen = new Set([keyOf(first)])
  const reached = new Set<OrderStatus>()
  for (const place of queue) {
    reached.add(place.status)
    const { status, units, path } = place
    if (!fitsStatus(status, units, lifecycle.process)) {
      const said = Object.entries(units)
        .map(([where, count]) => `${count} ${where}`)
        .join(", ")
      return { reached, fault: `status ${status} cannot have units that are ${said}: place ${quantity}, ${path.join(", ")}` }
    }
    for (const command of commandNames(lifecycle)) {
      const next = follow(lifecycle, place, command)
      if (next === undefined || seen.has(keyOf(next))) continue
      seen.add(keyOf(next))
      queue.push(next)
    }
  }
  return { reached }
}

const keyOf = ({ status, units: { held, active, ended, released } }: Place) => [status, held, active, ended, released].join(" ")

/** Where a command leads to, with an input that nothing stands in the way of; undefined where it is refused. */
const follow = (lifecycle: Lifecycle, { status, units, path }: Place, command: CommandType): Place | undefined => {
  const { facts } = lifecycle.commands[command]
  // Only what is not of the input is asked.
  const event = { type: command } as OrderEvent
  const isGiven = ({ condition, applies }: Answer) =>
    condition !== undefined && Object.hasOwn(facts, condition.fact) ? condition.expected : applies({ units }, event)
  const answer = answersOf(lifecycle, status)[command].find(isGiven)
  if (answer === undefined || answer.refusal !== undefined) return undefined
  let moved: Units.Units | undefined = units
  for (const consequence of answer.consequences) moved = moved && moveUnits[consequence](moved)
  return moved && { status: answer.to, units: moved, path: [...path, command] }
}

/** How units move; undefined where there is none to move, and so no input with which the command is accepted. */
export const moveUnits: Readonly<Record<Consequence, (units: Units.Units) => Units.Units | undefined>> = {
  addActiveUnit: (units) => (Units.total(units) < mostUnits ? Units.addActive(units) : undefined),
  holdNewUnits: (units) => (Units.total(units) < mostUnits ? Units.holdNew(units, 1) : undefined),
  moveUnitToActive: (units) => (units.held > 0 ? Units.startUnit(units) : undefined),
  moveUnitToEnded: (units) => (units.active > 0 ? Units.endUnit(units) : undefined),
  releaseHeldUnits: Units.releaseHeld,
  releaseSomeHeldUnits: (units) => (units.held > 1 ? Units.releaseUnits(units, 1) : undefined)
}
