/** The seeds under which a test once failed, in `test/corpus.json`: written by the long run, tried first by every later run. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { promisify } from "node:util"
import * as Schema from "effect/Schema"

/** Some tests, the seed under which one of them failed, and how many times as much as an ordinary run they tried. */
export const CorpusEntry = Schema.Struct({
  files: Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1)),
  seed: Schema.Int,
  scale: Schema.Finite.check(Schema.isGreaterThan(0))
})
export type CorpusEntry = typeof CorpusEntry.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(CorpusEntry)), { onExcessProperty: "error" })

/** The entries in a file; none when there is no such file. Throws when it holds anything else. */
export const readCorpus = async (file: string): Promise<ReadonlyArray<CorpusEntry>> =>
  existsSync(file) ? decode(await readFile(file, "utf8")) : []

/** Write the entries, in the format of this project: the ordinary run checks it before it tries the seeds. */
export const writeCorpus = async (file: string, entries: ReadonlyArray<CorpusEntry>): Promise<void> => {
  await writeFile(file, `${JSON.stringify(entries, null, 2)}\n`)
  await promisify(execFile)("oxfmt", [file], { cwd: dirname(file) })
}
