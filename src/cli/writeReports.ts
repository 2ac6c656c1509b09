/** Where a report goes: a summary to standard output, and the files that were asked for. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { Report } from "../simulation/compare.ts"
import { asCsv } from "../simulation/report/csv.ts"
import { asJson } from "../simulation/report/json.ts"
import { asText } from "../simulation/report/terminal.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { reasonOf } from "./CannotVerify.ts"
import { writeWhole } from "./writeWhole.ts"

/** The files to write. */
export interface ReportFiles {
  readonly html: string | undefined
  readonly json: string | undefined
  readonly csv: string | undefined
}

/** What writes the report. Made before the simulation: what stands in the way of writing is said before the work, and not after it. */
export const reportWriter = Effect.fnUntraced(function* ({ html, json, csv }: ReportFiles) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const file of [html, json, csv]) {
    if (file === undefined) continue
    const folder = path.dirname(path.resolve(file))
    const isFolder = yield* Effect.orElseSucceed(
      Effect.map(files.stat(folder), ({ type }) => type === "Directory"),
      () => false
    )
    if (!isFolder) return yield* new CannotSimulate({ message: `${file}: there is no folder ${folder}` })
  }
  const asHtml = html === undefined ? undefined : yield* loadHtml
  return Effect.fnUntraced(function* (report: Report) {
    if (html !== undefined && asHtml) yield* write(html, asHtml(report))
    if (json !== undefined) yield* write(json, asJson(report))
    if (csv !== undefined) yield* write(csv, asCsv(report))
    yield* Console.log(asText(report).trimEnd())
    const written = [html, json, csv].filter((file) => file !== undefined)
    if (written.length > 0) yield* Console.log(`\nWritten: ${written.join(", ")}`)
  })
})

/** Charts need an optional dependency, which takes a moment to load. */
const loadHtml = Effect.map(
  Effect.tryPromise({
    try: () => import("../simulation/report/html.ts"),
    catch: (cause) =>
      new CannotSimulate({ message: `--report needs the package echarts (npm install echarts): ${reasonOf(cause)}` })
  }),
  ({ asHtml }) => asHtml
)

const write = (file: string, text: string): Effect.Effect<void, CannotSimulate, FileSystem.FileSystem> =>
  Effect.mapError(writeWhole(file, text), (error) => new CannotSimulate({ message: `${file}: ${reasonOf(error)}` }))
