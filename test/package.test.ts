/** The package as its users get it: built, and imported by its name from somewhere else. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { beforeAll, expect, it } from "vitest"
import packageJson from "../package.json" with { type: "json" }

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
