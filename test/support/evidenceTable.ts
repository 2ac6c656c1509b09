/**
 * vitest's second global set-up: the table of what a run has tried, printed at its end. A whole run in which something that must happen
 * now and then did not is a failed run. `EVIDENCE_FILE` names a file that the counts are written to, for adding up several runs.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { addUp, atLeast, type Counts, missing, table } from "./evidenceCounts.ts"

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { testFiles } = await project.globTestFiles()
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-evidence-"))
  const file = join(folder, "evidence.jsonl")
  await writeFile(file, "")
  project.provide("evidenceFile", file)
  return async () => {
    const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "")
    await rm(folder, { recursive: true, force: true })
    const counts = addUp(lines.map((line) => JSON.parse(line) as Counts))
    const kept = process.env["EVIDENCE_FILE"]
    if (kept !== undefined) await writeFile(kept, JSON.stringify(counts))
    else if (lines.length > 0) process.stdout.write(`\n${table(counts)}\n\n`)

    // A run of some files only, or one that failed anyway, need not have seen everything.
    const files = project.vitest.state.getFiles()
    const isWhole = files.length === testFiles.length && files.every(({ result }) => result?.state === "pass")
    const unseen = isWhole ? missing(counts) : []
    if (unseen.length === 0) return
    process.stderr.write(`FAILED: the run proves less than it should. It saw these less than ${atLeast} times:\n`)
    for (const what of unseen) process.stderr.write(`  ${what}\n`)
    process.exitCode = 1
  }
}
