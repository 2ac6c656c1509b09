/** Mutants, judged: what counts as killed, what a survivor needs, and the summary of a run. */
import type { Survivor } from "./survivors.ts"

/** In how many parts the mutants are tried, so that a run can be interrupted, and a short one try some of them. */
export const sliceCount = 6

/** A mutant after its run: a change of one source file, told as the lines before and after it. */
export interface Mutant {
  readonly file: string
  readonly before: string
  readonly after: string
  /** Stryker's word for what became of it. */
  readonly status: string
  /** Why, where that is not plain: the error of a run that could not be made. */
  readonly statusReason: string
}

/** The examples of a test could not even be made: `reason` names the file of tests. Any other run-time error is nobody's kill. */
const isUnloadable = ({ status, statusReason }: Mutant): boolean =>
  status === "RuntimeError" && statusReason.includes("everyTest.ts")

/**
 * Stryker takes a hundred times as many steps as usual for never ending. A short cut that is taken away may need as many, and ends: so a
 * mutant that has a reason to live on does, even if it was stopped.
 */
const isSlow = ({ status }: Mutant): boolean => status === "Timeout"

/** Found by a test that failed or could not even be set up, or by a run that never ended. */
export const isKilled = (mutant: Mutant): boolean => mutant.status === "Killed" || isSlow(mutant) || isUnloadable(mutant)

const fits = ({ file, before, after }: Mutant, survivor: Survivor): boolean =>
  survivor.file === file && survivor.mutants.some(([from, to]) => from === before && to === after)

/** What is said of the mutants of one folder. `score` is a share of those that can be told from the original at all. */
export interface FolderScore {
  readonly folder: string
  readonly mutants: number
  /** All that were found; by which way besides a test that failed, the next two say. */
  readonly killed: number
  readonly unloadable: number
  readonly timedOut: number
  readonly equivalent: number
  readonly accepted: number
  readonly unexplained: ReadonlyArray<Mutant>
  readonly score: number
}

/** Judge the mutants of a folder (`src/order`). */
export const scoreOf = (folder: string, all: ReadonlyArray<Mutant>, survivors: ReadonlyArray<Survivor>): FolderScore => {
  const mutants = all.filter(({ file }) => file.startsWith(`${folder}/`))
  const reasonOf = (mutant: Mutant) => survivors.find((survivor) => fits(mutant, survivor))
  const alive = mutants.filter((mutant) => !isKilled(mutant) || (isSlow(mutant) && reasonOf(mutant)))
  const explained = alive.map((mutant) => reasonOf(mutant)?.kind)
  const equivalent = explained.filter((kind) => kind === "equivalent").length
  const killed = mutants.length - alive.length
  return {
    folder,
    mutants: mutants.length,
    killed,
    unloadable: mutants.filter(isUnloadable).length,
    timedOut: mutants.filter((mutant) => isSlow(mutant) && !alive.includes(mutant)).length,
    equivalent,
    accepted: explained.filter((kind) => kind === "accepted").length,
    unexplained: alive.filter((_, index) => explained[index] === undefined),
    score: killed / (mutants.length - equivalent)
  }
}

/** Entries for mutants that are killed by now, or are no more. */
export const staleOf = (
  all: ReadonlyArray<Mutant>,
  survivors: ReadonlyArray<Survivor>
): ReadonlyArray<Pick<Mutant, "file" | "before" | "after">> =>
  survivors
    .flatMap(({ file, mutants }) => mutants.map(([before, after]) => ({ file, before, after })))
    .filter(
      ({ file, before, after }) =>
        !all.some(
          (mutant) =>
            (!isKilled(mutant) || isSlow(mutant)) && mutant.file === file && mutant.before === before && mutant.after === after
        )
    )

/** One line for a folder. */
export const describeScore = (score: FolderScore): string =>
  `${score.folder}: ${(score.score * 100).toFixed(1)} % of ${score.mutants} mutants killed · ${score.killed} killed ` +
  `(${score.unloadable} before the first test, ${score.timedOut} by never ending), ${score.equivalent} equivalent, ` +
  `${score.accepted} accepted, ` +
  `${score.unexplained.length} without a reason`
