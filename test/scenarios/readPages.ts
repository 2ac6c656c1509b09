/**
 * Pages as scenarios. A page is Markdown with Gherkin in it: `# Feature:`, `## Scenario:`, `* Given …`; everything else is prose.
 *
 * The parser takes whatever it does not know for prose, a mistyped `* Gievn …` too, and so would a scenario lose a step in silence. Every
 * heading, bullet and table line of a page therefore has to be one that the parser took for Gherkin; `faultsOf` names those it did not.
 */
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { AstBuilder, compile, GherkinInMarkdownTokenMatcher, Parser } from "@cucumber/gherkin"
import { type GherkinDocument, IdGenerator, type Pickle } from "@cucumber/messages"

/** The three ways in which a scenario is told: the library in memory, the library on PostgreSQL, and the service over HTTP. */
export const ways = ["memory", "PostgreSQL", "HTTP"] as const
export type Way = (typeof ways)[number]

/** A scenario is told in all three ways, unless a tag says otherwise. */
const waysByTag: Readonly<Record<string, ReadonlyArray<Way>>> = { "@library": ["memory", "PostgreSQL"], "@http": ["HTTP"] }

/** One step of a scenario: where it stands, what it says (without the backticks), and the table below it. */
export interface Step {
  readonly line: number
  readonly keyword: string
  readonly text: string
  readonly table: ReadonlyArray<ReadonlyArray<string>>
}

export interface Scenario {
  /** `docs/scenarios/changed-their-mind.md` */
  readonly page: string
  readonly line: number
  readonly name: string
  readonly ways: ReadonlyArray<Way>
  readonly steps: ReadonlyArray<Step>
}

export interface Page {
  readonly path: string
  readonly title: string
  readonly scenarios: ReadonlyArray<Scenario>
  /** What is wrong with the page, each with its line. */
  readonly faults: ReadonlyArray<string>
}

const root = fileURLToPath(new URL("../../", import.meta.url))
export const indexPath = "docs/scenarios/index.md"
export const readText = (path: string): string => readFileSync(`${root}${path}`, "utf8")

/** Every page, by name. */
export const readPages = (): ReadonlyArray<Page> =>
  globSync("docs/scenarios/*.md", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path !== indexPath)
    .toSorted()
    .map((path) => readPage(path, readText(path)))

/** Backticks are for the eye only. */
const plain = (text: string): string => text.replaceAll("`", "")

export const readPage = (path: string, text: string): Page => {
  const newId = IdGenerator.incrementing()
  // A matcher remembers that it has seen a feature, so every page has its own.
  const document = new Parser(new AstBuilder(newId), new GherkinInMarkdownTokenMatcher()).parse(text)
  const { nodes, lines } = survey(document)
  const pickles = compile(document, path, newId)
  const scenarios = pickles.map((pickle) => toScenario(path, pickle, nodes))
  const told = new Set(pickles.flatMap(({ astNodeIds }) => astNodeIds))
  const untold = [...nodes].flatMap(([id, { line, keyword }]) => (keyword.startsWith("Scenario") && !told.has(id) ? [line] : []))
  const title = document.feature?.name ?? path
  return { path, title, scenarios, faults: faultsOf(path, text, document, lines, scenarios, untold) }
}

interface Node {
  readonly line: number
  readonly keyword: string
}

/** Where everything in a document stands: steps by id, and the lines that the parser took for Gherkin. */
const survey = (document: GherkinDocument) => {
  const nodes = new Map<string, Node>()
  const lines = new Set<number>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (typeof value !== "object" || value === null) return
    const { id, keyword = "", location } = value as { id?: string; keyword?: string; location?: { line: number } }
    if (location !== undefined) {
      lines.add(location.line)
      if (id !== undefined) nodes.set(id, { line: location.line, keyword: keyword.trim() })
    }
    Object.values(value).forEach(visit)
  }
  visit(document.feature)
  return { nodes, lines }
}

const toScenario = (
  page: string,
  { name, tags, steps, location, astNodeIds }: Pickle,
  nodes: ReadonlyMap<string, Node>
): Scenario => {
  const [scenarioId = ""] = astNodeIds
  const only = tags.flatMap((tag) => waysByTag[tag.name] ?? [])
  return {
    page,
    line: location?.line ?? nodes.get(scenarioId)?.line ?? 0,
    name: plain(name),
    ways: only.length > 0 ? ways.filter((way) => only.includes(way)) : ways,
    steps: steps.map(({ astNodeIds: [stepId = ""], text, argument }) => {
      const { line = 0, keyword = "" } = nodes.get(stepId) ?? {}
      const table = argument?.dataTable?.rows.map(({ cells }) => cells.map(({ value }) => plain(value))) ?? []
      return { line, keyword, text: plain(text), table }
    })
  }
}

const isRow = (line = ""): boolean => /^\s*\|/.test(line)

const outsideCode = (line: string): string => line.replaceAll(/`[^`]*`/g, "")

const faultsOf = (
  path: string,
  text: string,
  document: GherkinDocument,
  known: ReadonlySet<number>,
  scenarios: ReadonlyArray<Scenario>,
  untold: ReadonlyArray<number>
): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const fault = (line: number, what: string) => faults.push(`${path}:${line}: ${what}`)
  if (document.feature?.keyword !== "Feature") fault(1, "the first line must be `# Feature: …`")

  const lines = text.split("\n")
  for (const [index, line] of lines.entries()) {
    const number = index + 1
    const isKnown = known.has(number)
    if (/^\s*#/.test(line) && !isKnown)
      fault(number, "this heading is none of Feature, Rule, Background, Scenario, Scenario Outline, Examples")
    if (/^\s*(?:[*+-]|\d+\.)\s/.test(line) && !isKnown)
      fault(number, "this bullet is no step: it must begin with Given, When, Then, And or But")
    // Of a table's lines the second may be a rule, and no other.
    const isRule = /^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line) && isRow(lines[index - 1]) && !isRow(lines[index - 2])
    if (isRow(line) && !isKnown && !isRule)
      fault(number, "this row is read by nobody: indent tables by two spaces, and write – for nothing")
    if (/^\s*(?:```|~~~)/.test(line)) fault(number, "a fence is read as text of a step; write it as prose")
    if (/[<]|\{\{/.test(outsideCode(line)))
      fault(number, "`<` and `{{` may stand in backticks only: elsewhere they are taken for HTML")
    const tags = line.match(/`@[^`]+`/g) ?? []
    for (const tag of tags) {
      if (waysByTag[plain(tag)] === undefined) fault(number, `${tag} is not one of ${Object.keys(waysByTag).join(", ")}`)
      if (!/\w.*\w\.\s*$/.test(line.replace(tag, ""))) fault(number, `${tag} needs its reason beside it, as a sentence`)
    }
  }

  for (const line of untold) fault(line, "this outline has no examples, so it is never told")
  const seen = new Set<string>()
  for (const { name, line, steps } of scenarios) {
    if (seen.has(name)) fault(line, `two scenarios are called "${name}"; an outline's name says what its examples differ in`)
    seen.add(name)
    if (!steps.some(({ keyword }) => keyword === "Then")) fault(line, `"${name}" has no Then, so it cannot fail`)
  }
  if (scenarios.length === 0) fault(1, "no scenario on this page")
  return faults
}
