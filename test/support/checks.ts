/**
 * `npm run checks`: everything that is checked without running a test, two at a time, as most of it keeps one core busy. What each prints is
 * shown when it has ended, so that nothing is mixed up; all of them run to their end, and one that fails fails the whole.
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Scripts of `package.json`, the longest first. None reads what another one writes. */
const scripts = ["lint", "check", "check:site", "docs:api", "format:check"]

/** Run a script; whether it passed. */
const run = (script: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn("npm", ["run", script], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    const output: Array<Buffer> = []
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void output.push(chunk))
    child.once("error", reject)
    child.once("close", (code) => {
      process.stdout.write(Buffer.concat(output))
      resolve(code === 0)
    })
  })

const failed: Array<string> = []
const left = scripts.values()
const runner = async () => {
  // Both runners take from the same list.
  for (const script of left) if (!(await run(script))) failed.push(script)
}
await Promise.all([runner(), runner()])
if (failed.length > 0) {
  process.stderr.write(`\nFAILED: npm run ${failed.join(", npm run ")}\n`)
  process.exitCode = 1
}
