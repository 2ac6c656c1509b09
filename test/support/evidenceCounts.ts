/** Counts of what was tried and of what happened on the way: adding them up, and showing them. */

/** How often each thing was tried, and how often each thing happened that must happen now and then. */
export interface Counts {
  readonly tried: Readonly<Record<string, number>>
  readonly sometimes: Readonly<Record<string, number>>
}

/**
 * What must happen in every whole run for the run to mean anything. A check of lost races in which no race was lost has checked nothing.
 */
export const mustHappen = [
  "a lost race was decided again",
  "a command went by way of the order's lock",
  "an unknown outcome had been committed",
  "an unknown outcome had not been committed",
  "a key gave the accepted answer again",
  "a key gave the refusal again",
  "a key was refused for another command",
  "an expired key was used again",
  "a unique key stopped a commit (23505)",
  "a foreign key stopped a commit (23503)",
  "a deadline ran out",
  "a connection was refused",
  "a server recovered from a crash",
  "a client was killed with a commit open",
  "a connection was cut after the statement and before the answer",
  "a caller left in the middle of a commit",
  "simulated fault: lostAnswer",
  "simulated fault: unavailable",
  "simulated fault: conflict",
  "simulated fault: duplicate",
  "simulated fault: delay",
  "simulated fault: crashBefore",
  "simulated fault: crashAfter",
  "simulated fault: clockJump",
  "simulated fault: consumerDies",
  "simulated fault: deliveryFails",
  "simulated fault: consumerFreezes"
] as const satisfies ReadonlyArray<string>

/** How often it must happen. */
export const atLeast = 3

const sum = (all: ReadonlyArray<Readonly<Record<string, number>>>): Record<string, number> => {
  const total: Record<string, number> = {}
  for (const each of all) for (const [what, count] of Object.entries(each)) total[what] = (total[what] ?? 0) + count
  return total
}

export const addUp = (all: ReadonlyArray<Counts>): Counts => ({
  tried: sum(all.map(({ tried }) => tried)),
  sometimes: sum(all.map(({ sometimes }) => sometimes))
})

/** What must happen, and did not often enough. */
export const missing = ({ sometimes }: Counts): ReadonlyArray<string> =>
  mustHappen.filter((what) => (sometimes[what] ?? 0) < atLeast).map((what) => `${what} (${sometimes[what] ?? 0})`)

/** The table at the end of a run. */
export const table = ({ tried, sometimes }: Counts): string => {
  const rows = (title: string, counts: Readonly<Record<string, number>>) => [
    title,
    ...Object.entries(counts)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${count.toLocaleString("en").padStart(12)}  ${what}`)
  ]
  return [
    ...rows("Tried, each with 0 violations:", tried),
    ...rows(`Happened on the way (each must, ${atLeast} times in a whole run):`, sometimes)
  ].join("\n")
}
