/**
 * The lifecycle as data, for the script of the page: every answer, and all that answers ask about units and do to them, looked up from the table
 * itself for each way in which a small order can have its units. So the script knows no rule, it only looks things up.
 */
import { fitsStatus } from "../order/invariants.ts"
import { type Answer, answersOf, commandNames, type Consequence, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import type { CommandType, OrderEvent } from "../order/commands/index.ts"
import type { OrderStatus } from "../order/Order.ts"
import { policies } from "../order/policies/index.ts"
import { mostUnits, moveUnits } from "../order/process/checkLaws.ts"
import * as Units from "../order/Units.ts"
import { errorOf } from "./machineRefusals.ts"
import { kindOfFact } from "./rules.ts"

/** Where the units of an order are, in words: `1 held, 2 active`. */
type Place = string

export interface LiveModel {
  /** The order as it begins. */
  readonly first: { readonly status: OrderStatus; readonly units: Place }
  /** By status, the places that fit it. */
  readonly places: Readonly<Record<string, ReadonlyArray<Place>>>
  /** By status and command, the answers in the order in which they are tried. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<LiveAnswer>>>>>
  /** Facts of units, with the places where they hold. Any other fact is the reader's to set. */
  readonly facts: Readonly<Record<string, ReadonlyArray<Place>>>
  /** What a consequence makes of a place; nothing where it has no unit to move. */
  readonly moves: Readonly<Record<Consequence, Readonly<Record<Place, Place>>>>
  /** By command, the kind of event that records it. */
  readonly events: Readonly<Record<string, string>>
}

export interface LiveAnswer {
  readonly condition?: { readonly fact: string; readonly expected: boolean }
  readonly to: OrderStatus
  readonly consequences: ReadonlyArray<Consequence>
  readonly refusal?: {
    readonly code: string
    readonly lacking: string
    readonly message: string
    /** The message by place, where it tells of the units. */
    readonly messages?: Readonly<Record<Place, string>>
    readonly remedy: string
  }
}

/** Everything that the page's script looks up. */
export const liveModelOf = (lifecycle: Lifecycle): LiveModel => ({
  first: { status: lifecycle.initial, units: placeOf(Units.allHeld(2)) },
  places: byName(statusesOf(lifecycle), (status) =>
    everyUnits.filter((units) => fitsStatus(status, units, lifecycle.process)).map(placeOf)
  ),
  answers: byName(statusesOf(lifecycle), (status) =>
    byName(commandNames(lifecycle), (command) =>
      answersOf(lifecycle, status)[command].map((answer) => liveAnswer(lifecycle, status, command, answer))
    )
  ),
  facts: factsOfUnits(lifecycle),
  moves: byName(Object.keys(moveUnits) as ReadonlyArray<Consequence>, movesOf),
  events: byName(commandNames(lifecycle), (command) => lifecycle.commands[command].kind)
})

const byName = <Name extends string, Value>(names: ReadonlyArray<Name>, value: (name: Name) => Value) =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Readonly<Record<Name, Value>>

const upTo = (most: number) => Array.from({ length: most + 1 }, (_, count) => count)

/** Every way in which an order of one to a few units can have them. */
const everyUnits: ReadonlyArray<Units.Units> = upTo(mostUnits)
  .flatMap((held) =>
    upTo(mostUnits - held).flatMap((active) =>
      upTo(mostUnits - held - active).flatMap((ended) =>
        upTo(mostUnits - held - active - ended).map((released) => ({ held, active, ended, released }))
      )
    )
  )
  .filter((units) => Units.total(units) > 0)

const placeOf = (units: Units.Units): Place =>
  Object.entries(units)
    .flatMap(([where, count]) => (count > 0 ? [`${count} ${where}`] : []))
    .join(", ")

const liveAnswer = (lifecycle: Lifecycle, status: OrderStatus, command: CommandType, answer: Answer): LiveAnswer => {
  const { condition, to, consequences, refusal } = answer
  const error = refusal && errorOf(lifecycle, status, command, answer)
  return {
    ...(condition && { condition }),
    to,
    consequences,
    ...(refusal &&
      error && {
        refusal: {
          ...refusal,
          message: error.message,
          ...(refusal.lacking === lifecycle.policy && { messages: messagesOfPolicy(lifecycle, status) }),
          remedy: error.remedy
        }
      })
  }
}

/** The cancellation policy tells how many subscriptions are in the way. */
const messagesOfPolicy = ({ policy }: Lifecycle, status: OrderStatus) =>
  Object.fromEntries(everyUnits.map((units) => [placeOf(units), policies[policy].refusal({ count: units.active, status })]))

const factsOfUnits = (lifecycle: Lifecycle): LiveModel["facts"] => {
  const facts: Record<string, ReadonlyArray<Place>> = {}
  for (const status of statusesOf(lifecycle)) {
    for (const command of commandNames(lifecycle)) {
      for (const { condition, applies } of answersOf(lifecycle, status)[command]) {
        if (condition === undefined || kindOfFact(lifecycle, command, condition.fact) !== "units") continue
        const question = { type: command } as OrderEvent
        facts[condition.fact] = everyUnits.filter((units) => applies({ units }, question) === condition.expected).map(placeOf)
      }
    }
  }
  return facts
}

const movesOf = (consequence: Consequence): Readonly<Record<Place, Place>> =>
  Object.fromEntries(
    everyUnits.flatMap((units) => {
      const moved = moveUnits[consequence](units)
      return moved === undefined ? [] : [[placeOf(units), placeOf(moved)]]
    })
  )
