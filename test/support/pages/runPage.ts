/**
 * Runs a page: every fence in its turn, and writes down what it printed. What comes back is the page with the outputs of this run; a page
 * that is true comes back unchanged. The rules are in `docs/STYLE.md`, "Documents".
 */
import { spawn } from "node:child_process"
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { formatWithOptions } from "node:util"
import packageJson from "../../../package.json" with { type: "json" }
import { sharedCompileCache } from "../compileCache.ts"
import { installSource } from "../installedSource.ts"
import { hangMs } from "../limits.ts"
import { type Served, serve, stop } from "../servedProcess.ts"
import { startPostgres } from "../startPostgres.ts"
import { applyDiff } from "./applyDiff.ts"
import { moduleOf } from "./pageModule.ts"
import { createPageDatabase, runSql } from "./pageDatabase.ts"
import { type Fence, readFences } from "./readFences.ts"
import { json, literal, makeNormaliser } from "./shown.ts"

export const root = fileURLToPath(new URL("../../../", import.meta.url))

export interface PageRun {
  /** The page with the outputs of this run. */
  readonly text: string
  /** What is wrong besides: `docs/guides/idempotency.md:33: …`. */
  readonly faults: ReadonlyArray<string>
  /** What was left alone, and why. */
  readonly exemptions: ReadonlyArray<string>
}

/** What a page's module sees of its run. */
export interface PageHooks {
  /** The module has come to the fence at this line. */
  readonly reach: (line: number) => Promise<void>
  /** The value of the expression in this line. */
  readonly show: <A>(line: number, value: A) => A
  readonly console: { readonly log: (...values: ReadonlyArray<unknown>) => void }
}

const running = new Map<string, PageHooks>()

/** For a page's module: the run that it belongs to. */
export const hooksOf = (run: string): PageHooks => {
  const hooks = running.get(run)
  if (hooks === undefined) throw new Error(`no page is running as ${run}`)
  return hooks
}

const outputLanguages = new Set(["text", "console", "json"])
const runLanguages = new Set(["ts", "sh", "sql", "diff"])

let runs = 0

/** Run the page that is at `path` (from the root) and says `text`. Without the URL of a server, one is started if the page needs it. */
export const runPage = async (path: string, text: string, postgresUrl?: string): Promise<PageRun> => {
  const run = `${process.pid}-${runs++}`
  const fences = readFences(text)
  const outputOf = new Map(
    fences.flatMap((fence, n) => {
      const next = fences[n + 1]
      return next?.isDirectlyBehind && outputLanguages.has(next.language) && runLanguages.has(fence.language)
        ? [[fence, next] as const]
        : []
    })
  )
  const outputs = new Set(outputOf.values())
  const isRun = (fence: Fence) => runLanguages.has(fence.language) && !fence.isDrawn && fence.exemption === undefined

  const faults: Array<string> = []
  const exemptions: Array<string> = []
  const fault = (line: number, message: string) => void faults.push(`${path}:${line}: ${message}`)
  const printed = new Map<Fence, string>()
  const shown = new Map<number, string>()
  const normalise = makeNormaliser()
  const surroundings = await makeSurroundings(text, fences, postgresUrl)

  const print = (fence: Fence, more: string) =>
    void printed.set(fence, (printed.get(fence) ?? "") + normalise(surroundings.asShown(more)))

  const runOne = async (fence: Fence) => {
    try {
      if (fence.language === "sh") print(fence, await surroundings.shell(fence.content))
      if (fence.language === "sql") print(fence, await surroundings.sql(fence.content))
      if (fence.language === "diff") await surroundings.change(fence.content)
    } catch (error) {
      fault(fence.line, messageOf(error))
    }
  }

  let reached: Fence | undefined
  let done = 0
  const runUntil = async (line: number) => {
    for (; done < fences.length && (fences[done]?.line ?? 0) < line; done++) {
      const fence = fences[done]
      if (fence !== undefined && isRun(fence)) await runOne(fence)
    }
  }

  for (const fence of fences) {
    if (fence.fault !== undefined) fault(fence.line, fence.fault)
    if (fence.leftover !== "") fault(fence.line, `only no-run="why" may stand behind the language, not ${fence.leftover}`)
    if (fence.exemption !== undefined) exemptions.push(`${path}: ${fence.exemption}`)
    else if (fence.isDrawn || isRun(fence) || outputs.has(fence)) continue
    else if (fence.language === "json") {
      try {
        JSON.parse(fence.content)
      } catch (error) {
        fault(fence.line, messageOf(error))
      }
    } else fault(fence.line, `nothing runs or checks \`\`\`${fence.language}; see docs/STYLE.md, "Documents"`)
  }

  running.set(run, {
    reach: async (line) => {
      reached = fences.find((fence) => fence.line === line)
      await runUntil(line)
    },
    show: (line, value) => {
      shown.set(line, normalise(literal(value)))
      return value
    },
    console: {
      log: (...values) => {
        if (reached) print(reached, `${formatWithOptions({ breakLength: 100 }, ...values)}\n`)
      }
    }
  })
  const { DATABASE_URL: urlBefore } = process.env
  if (surroundings.databaseUrl !== undefined) process.env["DATABASE_URL"] = surroundings.databaseUrl
  const file = join(root, ".vitest", "pages", run, path.replace(/\.md$/, ".ts"))
  try {
    const programs = fences.filter((fence) => fence.language === "ts" && isRun(fence))
    if (programs.length > 0) {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, moduleOf(text, programs, run))
      await import(/* @vite-ignore */ file).catch((error: unknown) => {
        const [, line = reached?.line ?? programs[0]?.line] = new RegExp(`${run}/\\S+\\.ts:(\\d+)`).exec(stackOf(error)) ?? []
        fault(Number(line), messageOf(error))
      })
    }
    await runUntil(Infinity)
  } finally {
    running.delete(run)
    if (urlBefore === undefined) delete process.env["DATABASE_URL"]
    else process.env["DATABASE_URL"] = urlBefore
    await rm(join(root, ".vitest", "pages", run), { recursive: true, force: true })
    await surroundings.dispose()
  }

  const lines = text.split("\n")
  for (const fence of fences) {
    if (fence.language !== "ts" || !isRun(fence) || faults.length > 0) continue
    for (let line = fence.line + 1; line < fence.lastLine; line++) {
      if (/ \/\/ =>/.test(lines[line - 1] ?? "") && !shown.has(line))
        fault(line, "no value came by here: `// =>` stands behind an expression on one line, and the line has to be reached")
    }
  }
  for (const [line, value] of shown) {
    lines[line - 1] = (lines[line - 1] ?? "").replace(/ \/\/ =>.*$/, () => ` // => ${value}`)
  }
  for (const fence of fences.toReversed().filter(isRun)) {
    const was = outputOf.get(fence)
    let output = printed.get(fence) ?? ""
    if (was !== undefined) {
      if (was.language === "json") {
        try {
          output = output
            .trim()
            .split("\n")
            .map((each) => `${json(JSON.parse(each))}\n`)
            .join("")
        } catch {
          fault(was.line, `is to be JSON, and ${path}:${fence.line} prints ${JSON.stringify(output)}`)
        }
      }
      output = output.replace(/\n*$/, "\n")
      lines.splice(was.line, was.lastLine - was.line - 1, ...output.split("\n").slice(0, -1))
    } else if (output.trim() !== "") {
      fault(fence.line, `what it prints is not shown: add a \`\`\`text fence directly behind it. It prints:\n${output}`)
    }
  }
  return { text: lines.join("\n"), faults, exemptions }
}

/** Where the page as it is differs from the page as it was run. */
export const differences = (path: string, text: string, run: PageRun): ReadonlyArray<string> => {
  const after = run.text.split("\n")
  const before = text.split("\n")
  const at = before.findIndex((line, n) => line !== after[n])
  if (run.text === text) return []
  const say = (line: string | undefined) => (line === undefined ? "(nothing)" : line.trim())
  return [
    `${path}:${at + 1}: shows\n  ${say(before[at])}\nand the run gives\n  ${say(after[at])}\n` +
      "If the run is right, npm run docs:outputs writes its outputs into the page."
  ]
}

const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))
const stackOf = (error: unknown): string => (error instanceof Error ? `${error.message}\n${error.stack}` : "")

// --- where a page runs -------------------------------------------------------------------------------------------------------------------

const shownUrl = "http://127.0.0.1:3000"
const shownDatabaseUrl = "postgres://127.0.0.1:5432/orders"

/** A folder, and what the page asks for: a database, a running service, a copy of this repository to change. */
const makeSurroundings = async (page: string, fences: ReadonlyArray<Fence>, postgresUrl: string | undefined) => {
  const has = (language: string) => fences.some((fence) => fence.language === language)
  const needsDatabase = has("sql") || fences.some(({ content }) => content.includes("DATABASE_URL"))
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-page-"))
  const server = needsDatabase && postgresUrl === undefined ? await startPostgres() : undefined
  const serverUrl = server?.url ?? postgresUrl
  const database = needsDatabase && serverUrl !== undefined ? await createPageDatabase(serverUrl, page) : undefined
  // A copy of this repository has its packages; anywhere else the package is installed as readers have it.
  await (has("diff") ? copyRepository(folder) : installSource(folder))
  const programs = join(folder, ".programs")
  await mkdir(programs)
  // Readers have the package installed. Here its program is the one in this repository.
  await writeFile(
    join(programs, "npx"),
    `#!/bin/sh\n[ "$1" = order-lifecycle ] || { echo "npx runs order-lifecycle here, not $1" >&2; exit 127; }\nshift\nexec node "${root}src/cli/main.ts" "$@"\n`
  )
  await chmod(join(programs, "npx"), 0o755)
  const services: Array<Served> = []
  const environment = {
    PATH: [programs, dirname(process.execPath), join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
    HOME: folder,
    NO_COLOR: "1",
    ...sharedCompileCache(),
    // Tests of a changed copy need no server of their own when there is one.
    ...(serverUrl !== undefined && { TEST_DATABASE_URL: serverUrl }),
    ...(database && { DATABASE_URL: database.url })
  }

  return {
    databaseUrl: database?.url,

    shell: async (commands: string): Promise<string> => {
      const [, given] = /^((?:[A-Z_]+=\S+ )*)npm start\n$/.exec(commands) ?? []
      if (given !== undefined) {
        const settings = Object.fromEntries(
          given
            .trim()
            .split(" ")
            .filter((each) => each !== "")
            .map((each) => each.split("=", 2))
        )
        services.push(await serve({ DATA_DIR: join(folder, "data"), ...settings }))
        return ""
      }
      if (/^(?:npm install .*\n)+$/.test(commands)) return checkInstall(commands)
      return runShell(commands.replaceAll(shownUrl, services.at(-1)?.url ?? shownUrl), folder, environment)
    },

    sql: (statements: string): Promise<string> =>
      database === undefined ? Promise.reject(new Error("no database")) : runSql(database.url, statements),

    change: (diff: string): Promise<void> => applyDiff(folder, diff),

    /** An output without the names of this run's folder, ports and database. */
    asShown: (output: string): string => {
      let shown = output.replaceAll(`${folder}/`, "").replaceAll(folder, ".").replaceAll(root, "")
      for (const { url } of services) shown = shown.replaceAll(url, shownUrl)
      if (database) {
        const { host, pathname } = new URL(database.url)
        shown = shown.replaceAll(database.url, shownDatabaseUrl).replaceAll(`${host}${pathname}`, "127.0.0.1:5432/orders")
      }
      return shown
    },

    dispose: async () => {
      for (const service of services) await stop(service)
      await database?.drop()
      await server?.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** What a page tells to install is this package and what goes with it. */
const checkInstall = (commands: string): string => {
  const known = new Set([packageJson.name, ...Object.keys(packageJson.peerDependencies)])
  const named = commands
    .trim()
    .split("\n")
    .flatMap((line) =>
      line
        .split(" ")
        .slice(2)
        .filter((word) => !word.startsWith("-"))
    )
  const strangers = named.filter((name) => !known.has(name))
  if (strangers.length > 0) throw new Error(`${strangers.join(", ")}: no peer dependency of this package`)
  return ""
}

const copyRepository = async (folder: string) => {
  const files = [
    "src",
    "test",
    "docs",
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "vitest.config.ts",
    ".oxlintrc.json",
    ".oxfmtrc.json"
  ]
  for (const file of files) await cp(join(root, file), join(folder, file), { recursive: true })
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir")
  await writeFile(join(folder, ".gitignore"), "node_modules\n.programs\n")
}

/** Run commands as a terminal would show them. Rejects when one of them fails. */
const runShell = (commands: string, cwd: string, env: Readonly<Record<string, string>>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn("sh", ["-euc", `exec 2>&1\n${commands}`], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "ignore"],
      timeout: hangMs
    })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")))
    child.once("error", reject)
    child.once("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`ended with ${code ?? "a signal"}, having printed:\n${output}`))
    )
  })
