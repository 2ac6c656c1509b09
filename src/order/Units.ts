/**
 * Where the units of a line, or of a whole order, are. Every unit is in exactly one place, so the four numbers always add up to the
 * quantity ordered. Source: decisions.md, section 2, "The lifecycle".
 */
import * as Schema from "effect/Schema"

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** `held` reserved, no subscription yet · `active` rented · `ended` its subscription is over · `released` given back by a cancel or a release. */
export const Units = Schema.Struct({ held: count, active: count, ended: count, released: count })
export type Units = typeof Units.Type

/** All `quantity` units held: how every line begins. */
export const allHeld = (quantity: number): Units => ({ held: quantity, active: 0, ended: 0, released: 0 })

/** A line of one unit that goes out at once, as that of an upgrade does. */
export const oneActive: Units = { held: 0, active: 1, ended: 0, released: 0 }

/** One unit more, which is active at once. */
export const addActive = ({ held, active, ended, released }: Units): Units => ({ held, active: active + 1, ended, released })

/** A subscription starts: one held unit becomes active. */
export const startUnit = ({ held, active, ended, released }: Units): Units => ({
  held: held - 1,
  active: active + 1,
  ended,
  released
})

/** A subscription ends: one active unit becomes ended. It is not filled again. */
export const endUnit = ({ held, active, ended, released }: Units): Units => ({
  held,
  active: active - 1,
  ended: ended + 1,
  released
})

/** New units, of a line that is added: they are held. */
export const holdNew = ({ held, active, ended, released }: Units, quantity: number): Units => ({
  held: held + quantity,
  active,
  ended,
  released
})

/** So many held units become released. */
export const releaseUnits = ({ held, active, ended, released }: Units, quantity: number): Units => ({
  held: held - quantity,
  active,
  ended,
  released: released + quantity
})

/** A cancel: every held unit becomes released. */
export const releaseHeld = ({ held, active, ended, released }: Units): Units => ({
  held: 0,
  active,
  ended,
  released: released + held
})

/** Whether the same number of units is in each place. */
export const isSame = (a: Units, b: Units): boolean =>
  a.held === b.held && a.active === b.active && a.ended === b.ended && a.released === b.released

/** How many units there are in all four places. */
export const total = (units: Units): number => units.held + units.active + units.ended + units.released

/** The sum over several lines. */
export const sum = (lines: Iterable<{ readonly units: Units }>): Units => {
  let [held, active, ended, released] = [0, 0, 0, 0]
  for (const { units } of lines) {
    held += units.held
    active += units.active
    ended += units.ended
    released += units.released
  }
  return { held, active, ended, released }
}

/** The lines with the units of one of them updated. `position` counts from 0. */
export const updateLine = <L extends { readonly units: Units }>(
  lines: ReadonlyArray<L>,
  position: number,
  update: (units: Units) => Units
): ReadonlyArray<L> => lines.map((line, index) => (index === position ? { ...line, units: update(line.units) } : line))
