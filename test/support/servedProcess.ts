/** The service as its users start it: a process of its own, reached over HTTP. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { sharedCompileCache } from "./compileCache.ts"

const main = fileURLToPath(new URL("../../src/http/main.ts", import.meta.url))

/** A running service. */
export interface Served {
  readonly process: ChildProcess
  readonly url: string
  /** Everything it has printed so far. */
  readonly output: () => string
}

/** Start the service with these settings (and a free port), and wait until it says where it listens. `onOutput` sees what it prints until then. */
export const serve = async (
  settings: Readonly<Record<string, string>>,
  onOutput: (output: string) => void = () => {}
): Promise<Served> => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", ...sharedCompileCache(), ...settings },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8")
      onOutput(output)
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("exit", (code) => reject(new Error(`the service ended with ${code} before it listened:\n${output}`)))
  })
  return { process: child, url, output: () => output }
}

/** End the process by a signal, and wait for its end. Returns its exit code, null when the signal killed it. */
export const stop = async ({ process: child }: Served, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, "exit")
  child.kill(signal)
  const [code] = await ended
  return code as number | null
}

const headers = { Authorization: "Bearer dev-key", "Tenant-ID": "demo", "Content-Type": "application/json" }

/** Call the service as the developer of the demo tenant. */
export const call = async (url: string, method: string, path: string, body?: unknown) => {
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
