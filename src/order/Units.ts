/**
 * Where the units of a line, or of a whole order, are. Every unit is in exactly one place, so the four numbers always add up to the
 * quantity ordered. Source: decisions.md, section 2, "The lifecycle".
 */
import * as Schema from "effect/Schema"

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** `held` reserved, no subscription yet · `active` rented · `ended` its subscription is over · `released` given back by a cancel. */
export const Units = Schema.Struct({ held: count, active: count, ended: count, released: count })
export type Units = typeof Units.Type

/** All `quantity` units held: how every line begins. */
export const allHeld = (quantity: number): Units => ({ held: quantity, active: 0, ended: 0, released: 0 })

/** A subscription starts: one held unit becomes active. */
export const startUnit = (units: Units): Units => ({ ...units, held: units.held - 1, active: units.active + 1 })

/** A subscription ends: one active unit becomes ended. It is not filled again. */
export const endUnit = (units: Units): Units => ({ ...units, active: units.active - 1, ended: units.ended + 1 })

/** A cancel: every held unit becomes released. */
export const releaseHeld = (units: Units): Units => ({ ...units, held: 0, released: units.released + units.held })

/** How many units there are in all four places. */
export const total = (units: Units): number => units.held + units.active + units.ended + units.released

/** The sum over several lines. */
export const sum = (lines: Iterable<Units>): Units => {
  let [held, active, ended, released] = [0, 0, 0, 0]
  for (const line of lines) {
    held += line.held
    active += line.active
    ended += line.ended
    released += line.released
  }
  return { held, active, ended, released }
}
