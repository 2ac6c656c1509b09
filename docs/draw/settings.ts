/** What the service can be set to: the table of the README, and `docs/reference/settings.md`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { blocks, code, json, prose, table } from "../../src/draw/markdown.ts"
import { demoCatalogue } from "../../src/http/demoCatalogue.ts"
import { readSettings, type SettingName, settings } from "../../src/http/settings.ts"
import { heading } from "./page.ts"

const entries = Object.entries(settings) as ReadonlyArray<[SettingName, (typeof settings)[SettingName]]>

const defaultOf = (setting: (typeof settings)[SettingName]) =>
  "default" in setting ? code(setting.default) : prose(setting.unset)

/** The table of the README. */
export const drawSettingsTable = (): string =>
  table(
    ["Setting", "Meaning", "Default"],
    entries.map(([name, setting]) => [code(name), prose(setting.meaning), defaultOf(setting)])
  )

type Environment = Partial<Record<SettingName, string>>

const read = (env: Environment) =>
  Effect.runPromise(
    Effect.result(Effect.provideService(readSettings, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })))
  )

/** Values that cannot be used, to see what is said of them. A file is written with what is given as its content. */
const wrongValues: ReadonlyArray<Environment> = [
  { PORT: "http" },
  { DATABASE_URL: "db.example.com:5432" },
  { HOST: "0.0.0.0" },
  { API_KEYS: "my-key" },
  { API_KEYS: '[{"key":"my-key"}]' },
  { CATALOGUE_FILE: "nowhere.json" },
  { CATALOGUE_FILE: JSON.stringify([{ ...demoCatalogue[0], currency: "euro" }]) },
  { CANCELLATION_POLICY: "never" }
]

const assignment = (env: Environment) =>
  Object.entries(env)
    .map(([name, value]) => code(`${name}=${value}`))
    .join(" ")

/** The page. */
export const drawSettings = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "order-lifecycle-drawn-"))
  try {
    const file = join(folder, "catalogue.json")
    const withFile = ({ CATALOGUE_FILE: content, ...env }: Environment): Environment => {
      if (content?.startsWith("[") !== true) return { ...env, ...(content !== undefined && { CATALOGUE_FILE: content }) }
      writeFileSync(file, content)
      return { ...env, CATALOGUE_FILE: file }
    }

    const examples: Environment = Object.fromEntries(entries.map(([name, { example }]) => [name, example]))
    const used = await read(withFile({ ...examples, CATALOGUE_FILE: JSON.stringify(demoCatalogue) }))
    if (Result.isFailure(used)) throw new Error(`the example of a setting cannot be used: ${used.failure.message}`)

    const faults: Array<ReadonlyArray<string>> = []
    for (const env of wrongValues) {
      const outcome = await read(withFile(env))
      if (Result.isSuccess(outcome)) throw new Error(`nothing is wrong with ${JSON.stringify(env)}`)
      const isContent = env.CATALOGUE_FILE?.startsWith("[") === true
      faults.push([isContent ? `a catalogue with the currency ${code("euro")}` : assignment(env), code(outcome.failure.message)])
    }

    return blocks(
      heading("Settings of the service", "src/http/settings.ts"),
      `The service reads its settings from the environment when it starts. What is empty counts as not set. A wrong setting stops the start with
one line that names it, down to the place within it, and that repeats nothing secret.`,
      table(
        ["Setting", "Meaning", "When it is not set", "Example"],
        entries.map(([name, setting]) => [code(name), prose(setting.meaning), defaultOf(setting), code(setting.example)])
      ),
      "## What a wrong value says",
      table(["Given", "Answer"], faults),
      "## The demo catalogue",
      `What can be ordered when \`CATALOGUE_FILE\` is not set, and what such a file looks like. Prices are major units per unit and month.`,
      json(demoCatalogue)
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
