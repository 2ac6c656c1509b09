/**
 * The long run: the proof, again and again, each time with a fresh seed and more of everything, until the time is up.
 *
 *     npm run test:long -- --minutes 10
 *
 * It goes on where it was interrupted (what it has counted is kept in `.long-run/`; `--fresh` begins anew), tries the seeds that once
 * failed first (`test/corpus.json`), and ends with the table of the ordinary run, added up. A failure ends it: the seed is printed with the
 * command that repeats it, and is kept in the corpus. Without `--minutes` it takes two and a half hours; with `--corpus` it tries the seeds
 * that once failed, and nothing else, which is how every ordinary run begins.
 *
 * Once in a run all mutants of the sources are tried (`test/mutation/run.ts`). A run of less than an hour tries a slice of them by turn, and
 * gets through some of the slices only; the table says how many.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { sliceCount } from "../mutation/mutants.ts"
import { type CorpusEntry, readCorpus, writeCorpus } from "./corpus.ts"
import { addUp, type Counts, table } from "./evidenceCounts.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = join(root, ".long-run")
const stateFile = join(folder, "state.json")
const corpusFile = join(root, "test", "corpus.json")

/** What the slices of the run take turns with: which tests, and how many times as much as in an ordinary run. */
interface Part {
  readonly what: string
  readonly files: ReadonlyArray<string>
  readonly scale: number
  readonly kills: number
}
const mutants: Part = { what: "mutants", files: [], scale: 1, kills: 0 }
const plan: ReadonlyArray<Part> = [
  { what: "proof", files: ["test/proof", "test/verify", "test/postgres/plans.test.ts"], scale: 4, kills: 6 },
  { what: "properties", files: ["test/order", "test/lifecycle", "test/simulation/faults"], scale: 20, kills: 0 },
  // 1,000 years of 1,000 orders.
  { what: "years", files: ["test/simulation/rentalYear.test.ts"], scale: 50, kills: 0 },
  { what: "crashes", files: ["test/http/crash.test.ts", "test/embedded/EmbeddedOrderStore.crash.test.ts"], scale: 1, kills: 10 },
  mutants
]

interface State {
  readonly slices: number
  readonly elapsedMs: number
  readonly counts: Counts
  /** How many slices of the mutants were tried. When it was all of them, their turn passes to the next part. */
  readonly mutantSlices: number
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "150" },
    seed: { type: "string" },
    fresh: { type: "boolean", default: false },
    corpus: { type: "boolean", default: false }
  }
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes must be a positive number, not ${values.minutes}`)
const endAfterMs = values.corpus ? 0 : minutes * 60_000
/** A short run is a slice of the long one: it tries each part as an ordinary run does, and gets round to all of them. */
const isShort = minutes < 60

// --- one slice -----------------------------------------------------------------------------------------------------------------------

interface Outcome {
  readonly passed: boolean
  readonly counts: Counts
  readonly output: string
}

let running: ReturnType<typeof spawn> | undefined

const command = ({ files, seed, scale }: CorpusEntry): string =>
  `${seed % 2 === 0 ? "" : "SHARED_STATEMENTS=off "}FC_SEED=${seed} PROOF_SCALE=${scale} npm run test:only -- ${files.join(" ")}`

/** Run some tests under a seed, in a process of their own. */
const runTests = ({ files, seed, scale }: CorpusEntry, kills: number): Promise<Outcome> =>
  runScript(["test:only", "--", ...files], {
    FC_SEED: String(seed),
    PROOF_SCALE: String(scale),
    // Calls share statements under every other seed.
    ...(seed % 2 !== 0 && { SHARED_STATEMENTS: "off" }),
    ...(kills > 0 && { KILLS: String(kills) })
  })

/** Try the next slice of the mutants, or in a long run all of them. A run that goes on leaves what was found before it was interrupted. */
const tryMutants = (isNewRun: boolean): Promise<Outcome> =>
  runScript(["test:mutation", "--", ...(isShort ? ["--next"] : []), ...(isNewRun ? ["--fresh"] : [])], {})

const runScript = async (script: ReadonlyArray<string>, settings: Readonly<Record<string, string>>): Promise<Outcome> => {
  const evidenceFile = join(folder, "evidence.json")
  await rm(evidenceFile, { force: true })
  const child = spawn("npm", ["run", ...script], {
    cwd: root,
    env: { ...process.env, ...settings, EVIDENCE_FILE: evidenceFile },
    stdio: ["ignore", "pipe", "pipe"]
  })
  running = child
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")))
  const code = await new Promise<number | null>((resolve) => void child.once("exit", resolve))
  running = undefined
  const nothing: Counts = { tried: {}, sometimes: {} }
  const counts = existsSync(evidenceFile) ? (JSON.parse(await readFile(evidenceFile, "utf8")) as Counts) : nothing
  return { passed: code === 0, counts, output }
}

// --- the run -------------------------------------------------------------------------------------------------------------------------

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

const isTerminal = process.stdout.isTTY

/** One line that says how far the run is: redrawn on a terminal, printed once per slice elsewhere. */
const progress = (elapsedMs: number, slices: number, doing: string, isNew: boolean): void => {
  const done = Math.min(1, elapsedMs / endAfterMs)
  const bar = "#".repeat(Math.round(done * 30)).padEnd(30, ".")
  const line = `[${bar}] ${clock(elapsedMs)} of ${clock(endAfterMs)} · ${slices} slices passed · ${doing}`
  if (isTerminal) process.stdout.write(`\r\u001b[K${line}`)
  else if (isNew) process.stdout.write(`${line}\n`)
}

const corpus = await readCorpus(corpusFile)
if (values.corpus && corpus.length === 0) {
  process.stdout.write("No seed has failed so far.\n")
  process.exit(0)
}

await mkdir(folder, { recursive: true })
if (values.fresh || values.corpus) await rm(stateFile, { force: true })
const kept = existsSync(stateFile) ? (JSON.parse(await readFile(stateFile, "utf8")) as State) : undefined
let state: State = kept ?? { slices: 0, elapsedMs: 0, counts: { tried: {}, sometimes: {} }, mutantSlices: 0 }
if (kept) process.stdout.write(`Going on after ${clock(kept.elapsedMs)} and ${kept.slices} slices (--fresh begins anew).\n`)

const firstSeed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
const startedAt = performance.now()
const before = state.elapsedMs
const elapsed = () => before + performance.now() - startedAt

const finish = (code: number): never => {
  process.stdout.write(`\n${state.slices} slices in ${clock(state.elapsedMs)}.\n${table(state.counts)}\n`)
  process.exit(code)
}

let isInterrupted = false
process.on("SIGINT", () => {
  isInterrupted = true
  running?.kill("SIGINT")
})

for (let slice = 0; slice < corpus.length || elapsed() < endAfterMs; slice++) {
  const known = corpus[slice]
  const parts = state.mutantSlices < sliceCount ? plan : plan.filter((part) => part !== mutants)
  const part = parts[state.slices % parts.length] as Part
  const isMutants = part === mutants && known === undefined
  const entry = known ?? { files: part.files, seed: firstSeed + slice, scale: isShort ? 1 : part.scale }
  const doing = isMutants
    ? `mutants, ${isShort ? `slice ${state.mutantSlices + 1} of ${sliceCount}` : "all of them"}`
    : `${known ? "once failed" : part.what}, seed ${entry.seed}`
  progress(elapsed(), state.slices, doing, true)
  const ticking = setInterval(() => progress(elapsed(), state.slices, doing, false), 1_000)
  const { passed, counts, output } = await (isMutants
    ? tryMutants(kept === undefined && state.mutantSlices === 0)
    : runTests(entry, known ? 0 : part.kills))
  clearInterval(ticking)
  if (isInterrupted) {
    process.stdout.write("\nInterrupted; the same command goes on from here.\n")
    finish(130)
  }
  if (!passed) {
    await writeFile(join(folder, "failure.log"), output)
    if (!known && !isMutants) await writeCorpus(corpusFile, [...corpus, entry])
    const again = isMutants ? "npm run test:mutation" : command(entry)
    process.stdout.write(
      `\n${output.split("\n").slice(-60).join("\n")}\nFAILED (all of it in .long-run/failure.log). Again:\n\n  ${again}\n`
    )
    finish(1)
  }
  state = {
    slices: state.slices + 1,
    elapsedMs: elapsed(),
    counts: addUp([state.counts, counts]),
    mutantSlices: state.mutantSlices + (isMutants ? (isShort ? 1 : sliceCount) : 0)
  }
  await writeFile(stateFile, JSON.stringify(state))
}
await rm(stateFile, { force: true })
progress(endAfterMs, state.slices, "done", true)
finish(0)
