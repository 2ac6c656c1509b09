/** The package as its users get it: built, and imported by its name from somewhere else. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { beforeAll, expect, it } from "vitest"
import packageJson from "../package.json" with { type: "json" }
import { freshDatabase } from "./support/postgresDatabase.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const run = promisify(execFile)

beforeAll(() => run("npm", ["run", "build"], { cwd: root }))

it("has its licence, and everything that its README shows or links to", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root })
  const [{ files } = { files: [] }] = JSON.parse(stdout) as ReadonlyArray<{ files: ReadonlyArray<{ path: string }> }>
  const paths = files.map(({ path }) => path)
  const has = (path: string) => paths.some((each) => each === path || each.startsWith(`${path.replace(/\/$/, "")}/`))

  expect(packageJson.license).toBe("MIT")
  const licence = await readFile(join(root, "LICENSE"), "utf8")
  expect(licence).toMatch(/^MIT License\n\nCopyright \(c\) 2026 The order-lifecycle authors\n/)
  expect(has("LICENSE")).toBe(true)

  const readme = await readFile(join(root, "README.md"), "utf8")
  const links = [...readme.matchAll(/(!?)\[[^\]]*\]\((?!https?:|#)([^)#]+)/g)]
  expect(links.filter(([, isPicture]) => isPicture === "!").length).toBeGreaterThan(0)
  expect(links.map(([, , path = ""]) => path).filter((path) => !has(path))).toEqual([])
})

it("every entry point of the built package can be imported, nothing behind them, and its programs run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-package-"))
  try {
    await mkdir(join(folder, "node_modules"))
    await symlink(root, join(folder, "node_modules", "order-lifecycle"))
    const entries = Object.keys(packageJson.exports)
      .filter((entry) => entry !== "./package.json")
      .map((entry) => entry.replace(".", "order-lifecycle"))
    await writeFile(
      join(folder, "user.mjs"),
      `import { createRequire } from "node:module"
       const sizes = {}
       for (const entry of ${JSON.stringify(entries)}) sizes[entry] = Object.keys(await import(entry)).length
       const hidden = await import("order-lifecycle/dist/order/decide.js").catch((error) => error.code)
       const required = Object.keys(createRequire(import.meta.url)("order-lifecycle/promise")).length
       console.log(JSON.stringify({ sizes, hidden, required }))`
    )
    const { stdout } = await run(process.execPath, ["user.mjs"], { cwd: folder })
    const { sizes, hidden, required } = JSON.parse(stdout) as {
      sizes: Record<string, number>
      hidden: unknown
      required: number
    }
    expect(Object.keys(sizes)).toEqual(entries)
    for (const size of Object.values(sizes)) expect(size).toBeGreaterThan(0)
    expect(hidden).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED")
    // CommonJS has no other way in.
    expect(required).toBe(sizes["order-lifecycle/promise"])

    for (const [name, path] of Object.entries(packageJson.bin)) {
      const program = join(folder, "node_modules", "order-lifecycle", path)
      expect((await readFile(program, "utf8")).startsWith("#!/usr/bin/env node\n"), name).toBe(true)
      expect((await run(process.execPath, [program, "--version"])).stdout).toContain(packageJson.version)
      expect(packageJson.files).toContain(path.split("/")[0])

      // As npm installs it: files, not a link. With what it needs beside it, it runs; without, it says in a line what to install.
      const installed = join(folder, "installed", "node_modules")
      const own = join(installed, "order-lifecycle")
      await mkdir(own, { recursive: true })
      for (const part of ["bin", "dist", "package.json"]) await cp(join(root, part), join(own, part), { recursive: true })
      const start = (...args: ReadonlyArray<string>) => run(process.execPath, [join(own, path), ...args])
      for (const peer of ["effect", "xstate"]) await symlink(join(root, "node_modules", peer), join(installed, peer))
      const missing = "order-lifecycle needs more packages: npm install @effect/platform-node\n"
      await expect(start("verify")).rejects.toMatchObject({ code: 2, stdout: "", stderr: missing })
      const help = await start("--help")
      expect(help.stderr).toBe(missing)
      for (const peer of [
        "@effect/platform-node",
        "@effect/sql-pg",
        "@electric-sql/pglite",
        ...Object.keys(packageJson.dependencies)
      ]) {
        await mkdir(dirname(join(installed, peer)), { recursive: true })
        await symlink(join(root, "node_modules", peer), join(installed, peer))
      }
      expect((await start("--version")).stdout).toContain(packageJson.version)
      // A process is loaded by the library that is installed, and drawn by its program.
      await writeFile(
        join(folder, "installed", "our-process.mjs"),
        `import { orderProcess } from "order-lifecycle"\nexport const ours = orderProcess("ours")\n`
      )
      const drawn = await start("docs", "draw", "--process", join(folder, "installed", "our-process.mjs"), "--out", folder)
      expect(drawn.stdout).toBe(`Written: ${join(folder, "ours.md")}, ${join(folder, "ours.html")}\n`)
      const subcommands = (text: string) =>
        [...(text.split("SUBCOMMANDS\n")[1] ?? "").matchAll(/^  (\w+) /gm)].map(([, command]) => command)
      expect(subcommands(help.stdout).length).toBeGreaterThan(1)
      expect(subcommands(help.stdout)).toEqual(subcommands((await start("--help")).stdout))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** The package in a project of its own, with what it needs beside it. */
const project = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const modules = join(folder, "node_modules")
  const own = join(modules, "order-lifecycle")
  yield* Effect.promise(async () => {
    await mkdir(own, { recursive: true })
    for (const part of ["bin", "dist", "package.json"]) await cp(join(root, part), join(own, part), { recursive: true })
    const needs = [...Object.keys(packageJson.peerDependencies), ...Object.keys(packageJson.dependencies), "@types/node", "pg"]
    for (const name of needs) {
      await mkdir(dirname(join(modules, name)), { recursive: true })
      await symlink(join(root, "node_modules", name), join(modules, name))
    }
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    const compilerOptions = {
      target: "es2022",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      types: ["node"]
    }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
  })
  return folder
})

const packaged = (name: string) => readFile(join(root, "test/support/packaged", name), "utf8")

/** What the compiler finds in the files of a project, by file. */
const compilerErrors = async (folder: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await run(join(root, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder }).catch(
    (error: { stdout: string }) => {
      // Whatever else goes wrong is no error of theirs.
      expect(error.stdout).toMatch(/error TS/)
      return error
    }
  )
  return [...new Set([...stdout.matchAll(/^(\S+\.ts)\(/gm)].map(([, file = ""]) => file))].toSorted()
}

it("a process of a project that installed it takes thirty lines without a cast, and is at work on each store and over HTTP", () =>
  Effect.gen(function* () {
    const folder = yield* project
    const url = Redacted.value(yield* freshDatabase)
    const told = yield* Effect.promise(async () => {
      const [ours, use] = [await packaged("ourProcess.ts"), await packaged("useProcess.ts")]
      expect(ours.trimEnd().split("\n").length).toBeLessThanOrEqual(30)
      expect(ours).not.toMatch(/ as (?!Schema)|any\b|@ts-/)
      await writeFile(join(folder, "ourProcess.ts"), ours)
      await writeFile(join(folder, "useProcess.ts"), use)
      expect(await compilerErrors(folder)).toEqual([])
      const data = join(folder, "data")
      const { stdout } = await run(process.execPath, [join(folder, "useProcess.ts"), url, data], { cwd: folder })
      // Behind what the service logs.
      return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as object
    })
    const story = ["onHold", "shop", "expireHold", "confirmed"]
    expect(told).toEqual({ memory: story, embedded: story, postgres: story, http: [400, "VALIDATION_ERROR"] })
  }).pipe(Effect.scoped, Effect.runPromise))

/** Wrong uses: what stands there, what is written instead, and what is said of it at load. */
const wrongUses: Readonly<Record<string, readonly [from: string, to: string, said: string]>> = {
  payload: [
    'when: { status: "onHold" }, after: "P14D", command: "resume"',
    'when: { status: "confirmed" }, after: "P14D", command: "hold", payload: { why: 1 }',
    "due expireHold: payload.why Expected string"
  ],
  command: ['command: "resume" }', 'command: "resumed" }', "due expireHold: command: there is no command resumed"],
  from: ['from: { confirmed: "onHold" }', 'from: { confirmd: "onHold" }', "command hold: from: there is no status confirmd"],
  before: ['before: "cancel"', 'before: "cancels"', "guard withinCancellationWindow: before: there is no command cancels"],
  dataInAGuard: ["order.data.channel", "order.data.chanel", "guard withinCancellationWindow: the own data have no member chanel"],
  status: ['like: "confirmed"', 'like: "confirmedd"', "status onHold: like: there is no status confirmedd before it"],
  valueOfData: ['initial: { channel: "web" }', 'initial: { channel: "phone" }', "data: initial.channel"]
}

it("seven wrong uses of a process are compile errors, and where nothing compiles, load errors", () =>
  Effect.gen(function* () {
    const folder = yield* project
    yield* Effect.promise(async () => {
      const ours = await packaged("ourProcess.ts")
      for (const [name, [from, to]] of Object.entries(wrongUses)) {
        expect(ours.split(from).length, name).toBe(2)
        await writeFile(join(folder, `${name}.ts`), ours.replace(from, to))
      }
      expect(await compilerErrors(folder)).toEqual(
        Object.keys(wrongUses)
          .map((name) => `${name}.ts`)
          .toSorted()
      )
      await writeFile(
        join(folder, "load.js"),
        `import { lifecycleOf } from "order-lifecycle"
         const said = {}
         for (const name of ${JSON.stringify(Object.keys(wrongUses))}) {
           const { ourProcess } = await import(\`./\${name}.ts\`)
           try { lifecycleOf("noActiveSubscriptions", ourProcess) } catch (error) { said[name] = error.message }
         }
         console.log(JSON.stringify(said))`
      )
      const { stdout } = await run(process.execPath, ["load.js"], { cwd: folder })
      const said = JSON.parse(stdout) as Record<string, string>
      for (const [name, [, , fault]] of Object.entries(wrongUses)) expect(said[name], name).toContain(fault)
    })
  }).pipe(Effect.scoped, Effect.runPromise))
