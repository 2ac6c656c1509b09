/** The layering rule as data, read from the table in `docs/ARCHITECTURE.md`, and the checks of sources against it. */

/** A source file: its path below the root of the project, with `/`, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** One row of the layering table. Paths are below `src`. */
export interface Layer {
  readonly path: string
  readonly folders: ReadonlyArray<string>
  readonly packages: ReadonlyArray<string>
  readonly never: ReadonlyArray<string>
}

const names = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "")

/** The rows of the table below the heading "The layering rule". */
export const readLayers = (page: string): ReadonlyArray<Layer> => {
  const section = page.split(/^## /m).find((part) => part.startsWith("The layering rule")) ?? ""
  return section.split("\n").flatMap((line) => {
    const [, path = "", folders = "", packages = "", never = ""] = line.split("|")
    const [name] = names(path)
    return line.startsWith("|") && name !== undefined
      ? [{ path: name, folders: names(folders), packages: names(packages), never: names(never) }]
      : []
  })
}

/** The code without its comments. Rough, and made for this house's format: a comment begins a line or stands behind a blank. */
export const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/ .*$/gm, "$1")

/** Every module a source names: imports and re-exports, of values and of types, static and dynamic. `null` where it is computed. */
export const importsOf = (text: string): ReadonlyArray<string | null> => {
  const code = withoutComments(text)
  const fromClauses = [...code.matchAll(/^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm)].map(
    ([, module]) => module ?? null
  )
  const bare = [...code.matchAll(/^\s*import\s*["']([^"']+)["']/gm)].map(([, module]) => module ?? null)
  const calls = [...code.matchAll(/\b(?:import|require)\s*\(\s*(?:["'`]([^"'`$]+)["'`]\s*[),])?/g)].map(
    ([, module]) => module ?? null
  )
  return [...fromClauses, ...bare, ...calls]
}

/** A relative module as a path below `src`, or null when it leads out of it. */
const resolve = (from: string, module: string): string | null => {
  const parts = from.split("/").slice(0, -1)
  for (const part of module.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null
    } else if (part !== ".") parts.push(part)
  }
  return parts[0] === "src" ? parts.slice(1).join("/") : null
}

const isWithin = (path: string, layer: string) => path === layer || path.startsWith(`${layer}/`)

const packageOf = (module: string): string => {
  if (module.startsWith("node:")) return "node"
  return module
    .split("/")
    .slice(0, module.startsWith("@") ? 2 : 1)
    .join("/")
}

/** What is wrong with one import, as a sentence that says what to do, or null. */
const importFault = (layer: Layer, file: SourceFile, module: string | null): string | null => {
  if (module === null) return "imports a computed path: write the module's name, so that the layering can be read"
  if (module === "effect")
    return 'imports the barrel "effect": import the module itself ("effect/Schema"), which starts twice as fast'
  if (module.startsWith(".")) {
    const target = resolve(file.path, module)
    if (target === null) return `imports ${module}, which is outside src: move what is needed into src`
    const [own = ""] = layer.path.split("/")
    if (isWithin(target, own) || layer.folders.some((folder) => isWithin(target, folder))) return null
    const allowed = layer.folders.length > 0 ? layer.folders.join(", ") : "itself only"
    return `imports ${target}, but ${layer.path} may import from: ${allowed}. Turn the dependency around (a port in lifecycle, a layer in the adapter), or change the table with a decision record`
  }
  const forbidden = layer.never.find((never) => isWithin(module, never))
  if (forbidden !== undefined) return `imports ${module}, which ${layer.path} never may: do that part in a folder that may`
  if (!layer.packages.includes(packageOf(module))) {
    return `imports the package ${module}, which ${layer.path} may not use: pass in what is needed, or change the table with a decision record`
  }
  return null
}

/** Every breach of the layering rule. */
export const layeringFaults = (layers: ReadonlyArray<Layer>, files: ReadonlyArray<SourceFile>): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const path = file.path.replace(/^src\//, "")
    const [layer] = layers.filter((each) => isWithin(path, each.path)).toSorted((a, b) => b.path.length - a.path.length)
    if (layer === undefined) return [`${file.path}: no row of the layering table in docs/ARCHITECTURE.md covers it: add one`]
    return importsOf(file.text).flatMap((module) => {
      const fault = importFault(layer, file, module)
      return fault === null ? [] : [`${file.path} ${fault}`]
    })
  })

/** Something that must not stand in some files: found by a pattern in the code, comments apart. */
interface Ban {
  readonly pattern: RegExp
  readonly applies: (path: string) => boolean
  readonly instead: string
}

/** Sources other than the contract suite and the arbitraries: those are tests, which say what they expect and send hostile text. */
const isLibrary = (path: string) => path.startsWith("src/") && !path.startsWith("src/testing/")

/** The files of the tests in which time may be told or pass, and why. Everywhere else a test would depend on how busy the machine is. */
const mayTakeTime: Readonly<Record<string, string>> = {
  "test/support/waiting.ts": "waits until something has happened",
  "test/support/limits.ts": "ends tests that hang",
  "test/support/longRun.ts": "runs for as long as it is told to, and shows how far it is",
  "test/simulation/World.test.ts": "the time is made up",
  "test/verify/verify.test.ts": "prints how long a large database takes when it is asked to",
  "test/tooling.test.ts": "has a planted timer that the compiler finds"
}

const status = "(?:pending|confirmed|partial|fulfilled|cancelled)"

/** Without `unavailable`, which is also what a simulated call can end in. */
const assetStatus = "(?:available|rented_out|returned|sold)"

const bans: ReadonlyArray<Ban> = [
  {
    pattern: new RegExp(
      `[!=]==?\\s*["'\`]${assetStatus}["'\`]|["'\`]${assetStatus}["'\`]\\s*[!=]==?|\\bcase\\s+["'\`]${assetStatus}["'\`]`,
      "g"
    ),
    applies: (path) => isLibrary(path) && path !== "src/asset/assetMachine.ts",
    instead: "compares an asset status: only asset/assetMachine.ts knows how an asset moves; ask the table read off it"
  },
  {
    pattern: new RegExp(
      `[!=]==?\\s*["'\`]${status}["'\`]|["'\`]${status}["'\`]\\s*[!=]==?|\\bcase\\s+["'\`]${status}["'\`]`,
      "g"
    ),
    applies: (path) => isLibrary(path) && path !== "src/order/orderMachine.ts",
    instead: "compares an order status: only order/orderMachine.ts knows the lifecycle; ask decide or explain"
  },
  {
    pattern:
      /(?<!<)\b(?:SELECT\s|INSERT INTO|UPDATE\s+[\w"$.{}]+\s+SET|DELETE FROM|(?:CREATE|ALTER|DROP|TRUNCATE) (?:TABLE|INDEX|FUNCTION|TRIGGER))|\bsql`/gi,
    applies: (path) => isLibrary(path) && !path.startsWith("src/postgres/"),
    instead: "has SQL in it: statements stand in src/postgres only"
  },
  {
    pattern: /\b(?:401|403|404|405|413|415|422|429|503)\b/g,
    applies: (path) => path.startsWith("src/") && !path.startsWith("src/http/"),
    instead: "has an HTTP status in it: refusals have codes; their numbers are given in src/http only"
  },
  {
    pattern: /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bperformance\.now\b|\bcrypto\.(?:randomUUID|getRandomValues)\b/g,
    applies: (path) => path.startsWith("src/"),
    instead:
      "reads the clock or chance: take time from DateTime.now and randomness from SecureRandom, which tests and simulations replace"
  },
  {
    pattern:
      /\b(?:setTimeout|setInterval)\(|\bEffect\.(?:sleep|delay|timeout\w*)\(|\bnode:timers\b|\bAbortSignal\.timeout\b|\btimeout: (?!hangMs)|\}, \d[\d_]{3,}\)|\bperformance\.now\b|\bhrtime\b/g,
    applies: (path) => path.startsWith("test/") && !path.startsWith("test/bench/") && mayTakeTime[path] === undefined,
    instead:
      "waits for a time to pass, or has a time limit of its own: wait for what happens (test/support/waiting.ts) or hold the clock (test/support/heldClock.ts)"
  },
  {
    pattern: /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|fails|skipIf|runIf)\b/g,
    // PgBouncer is Debian's: where it is not installed, its tests say so loudly, and in CI they fail.
    applies: (path) => path !== "test/postgres/pgbouncer.test.ts",
    instead: "skips, singles out or postpones a test: mend the test or remove it"
  }
]

/** Every use of something banned. */
export const banFaults = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> =>
  files.flatMap(({ path, text }) => {
    const code = withoutComments(text)
    return bans
      .filter(({ applies }) => applies(path))
      .flatMap(({ pattern, instead }) =>
        [...code.matchAll(pattern)].map(([found]) => `${path}: ${JSON.stringify(found)} ${instead}`)
      )
  })
