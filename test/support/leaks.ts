/** What no answer may ever tell: how the service is made, what it keeps its orders in, and what opens it. */
import { readFileSync } from "node:fs"

const migration = readFileSync(new URL("../../src/postgres/migrations/0001_orders.ts", import.meta.url), "utf8")

/** Literals of the API that look like names of columns. */
const wordsOfTheApi = new Set(["ended_completed", "ended_buyout", "ended_upgrade", "ended_early_return"])

/** Names of tables, columns, constraints, indexes and triggers. */
export const namesInTheDatabase: ReadonlyArray<string> = [
  ...new Set(Array.from(migration.matchAll(/\b[a-z]+(?:_[a-z]+)+\b/g), ([name]) => name))
].filter((name) => !wordsOfTheApi.has(name))

const tells = new RegExp(
  [
    "\\bpg\\b",
    "postgres",
    "sql",
    "\\bat /",
    "^ +at ",
    "node:",
    "node_modules",
    "\\.ts\\b",
    "\\bstack\\b",
    "constraint",
    "effect/",
    "(?:ada|bob|eve)-key",
    ...namesInTheDatabase.map((name) => `\\b${name}\\b`)
  ].join("|"),
  "im"
)

/** The first thing in a text that should not be there. */
export const leakIn = (text: string): string | undefined => tells.exec(text)?.[0]
