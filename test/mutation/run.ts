/**
 * Mutation testing: the decisions and services with one small fault at a time, each of which a test has to find.
 *
 *     npm run test:mutation
 *
 * The files of `src/order`, `src/asset` and `src/lifecycle` are tried in slices. What a slice has found is kept in `.long-run/mutants`, so that an
 * interrupted run goes on where it was, until anything in `src` or `test` changes; `--fresh` begins anew, `--next` ends after one slice,
 * `--files src/order/decide.ts` tries only these files and keeps nothing. The run fails on a score below 95 % in any of these folders and on
 * any survivor without a reason in `survivors.ts`, and names entries there that fit no survivor any more.
 */
import { createHash } from "node:crypto"
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Stryker } from "@stryker-mutator/core"
import { describeScore, isKilled, type Mutant, scoreOf, sliceCount, staleOf } from "./mutants.ts"
import { survivors } from "./survivors.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = join(root, ".long-run", "mutants")
const leastScore = 0.95

const { values } = parseArgs({
  options: {
    fresh: { type: "boolean", default: false },
    next: { type: "boolean", default: false },
    files: { type: "string", multiple: true },
    concurrency: { type: "string", default: "2" }
  }
})

process.chdir(root)
const sources = globSync(["src/order/**/*.ts", "src/asset/*.ts", "src/lifecycle/*.ts"]).toSorted()

// --- one slice -----------------------------------------------------------------------------------------------------------------------

/** The lines a mutant is in, with the mutant in them or without; white space counts for nothing. */
const linesAround = (text: string, start: number, end: number, middle: string): string => {
  const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start)
  const lineEnd = text.indexOf("\n", end)
  return `${before}${middle}${text.slice(end, lineEnd)}`.replaceAll(/\s+/g, " ").trim()
}

/** Lines and columns are counted from 1. */
const offsetOf = (text: string, { line, column }: { line: number; column: number }): number =>
  text
    .split("\n")
    .slice(0, line - 1)
    .reduce((offset, each) => offset + each.length + 1, 0) +
  column -
  1

const tryMutants = async (files: ReadonlyArray<string>): Promise<ReadonlyArray<Mutant>> => {
  const results = await new Stryker({
    testRunner: "vitest",
    vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
    plugins: ["@stryker-mutator/vitest-runner"],
    mutate: [...files],
    coverageAnalysis: "perTest",
    // vitest's own way to end a run early never comes back to a thread that is kept; see setUp.ts.
    disableBail: true,
    // The tests run from the sources, and no compiler looks at a mutant.
    tsconfigFile: "none.json",
    ignorePatterns: ["dist", "data", "docs", ".long-run", "coverage"],
    tempDirName: ".long-run/stryker",
    reporters: ["progress-append-only"],
    concurrency: Number(values.concurrency),
    // Only what never ends takes this long: a slow machine must not make survivors look killed.
    timeoutMS: 30_000
  }).runMutationTest()
  return results.map(({ fileName, location, replacement, status, statusReason = "" }) => {
    const file = relative(root, fileName)
    const text = readFileSync(join(root, file), "utf8")
    const [start, end] = [offsetOf(text, location.start), offsetOf(text, location.end)]
    const around = (middle: string) => linesAround(text, start, end, middle)
    return { file, before: around(text.slice(start, end)), after: around(replacement ?? ""), status, statusReason }
  })
}

// --- the run -------------------------------------------------------------------------------------------------------------------------

/** Everything the result depends on; how it is judged is no part of that. */
const fingerprint = (): string => {
  const hash = createHash("sha256")
  const files = globSync(["src/**/*.ts", "test/**/*.ts", "package-lock.json"]).toSorted()
  for (const file of files) if (!/mutation.(survivors|mutants)/.test(file)) hash.update(file).update(readFileSync(file))
  return hash.digest("hex")
}

const resultOf = (slice: number): string => join(folder, `${slice}.json`)
const slices = Array.from({ length: sliceCount }, (_, slice) => slice)

const all: Array<Mutant> = []
const tried: Array<Mutant> = []
let slicesTried = 0
let isWhole = false
if (values.files) {
  tried.push(...(await tryMutants(values.files)))
  all.push(...tried)
} else {
  const state = join(folder, "fingerprint")
  const now = fingerprint()
  if (values.fresh || !existsSync(state) || readFileSync(state, "utf8") !== now) rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(state, now)
  for (const slice of slices) {
    if (existsSync(resultOf(slice))) continue
    process.stdout.write(`Mutants, slice ${slice + 1} of ${sliceCount}\n`)
    const found = await tryMutants(sources.filter((_, index) => index % sliceCount === slice))
    writeFileSync(resultOf(slice), JSON.stringify(found))
    tried.push(...found)
    slicesTried++
    if (values.next) break
  }
  const done = slices.filter((slice) => existsSync(resultOf(slice)))
  for (const slice of done) all.push(...(JSON.parse(readFileSync(resultOf(slice), "utf8")) as ReadonlyArray<Mutant>))
  isWhole = done.length === sliceCount
  process.stdout.write(`Mutants of ${done.length} of ${sliceCount} slices of the files:\n`)
}

const scores = ["src/order", "src/asset", "src/lifecycle"]
  .map((each) => scoreOf(each, all, survivors))
  .filter(({ mutants }) => mutants > 0)
for (const score of scores) {
  process.stdout.write(`${describeScore(score)}\n`)
  for (const { file, before, after, status, statusReason } of score.unexplained)
    process.stdout.write(`  ${status} ${file}\n    - ${before}\n    + ${after}\n${statusReason && `    ${statusReason}\n`}`)
}
const stale = isWhole ? staleOf(all, survivors) : []
for (const { file, before, after } of stale)
  process.stdout.write(`  no such survivor: ${file}\n    - ${before}\n    + ${after}\n`)

// What this call has tried goes into the table of the long run.
const evidenceFile = process.env["EVIDENCE_FILE"]
if (evidenceFile !== undefined) {
  const killed = tried.filter(isKilled).length
  const counts = {
    "mutants of the source, found by a test": killed,
    "mutants of the source that live on, each for a written reason": tried.length - killed,
    [`parts of the source with all their mutants (${sliceCount} are the whole)`]: slicesTried
  }
  writeFileSync(evidenceFile, JSON.stringify({ tried: counts, sometimes: {} }))
}

const isTooLow = isWhole && scores.some(({ score }) => score < leastScore)
process.exitCode = isTooLow || stale.length > 0 || scores.some(({ unexplained }) => unexplained.length > 0) ? 1 : 0
