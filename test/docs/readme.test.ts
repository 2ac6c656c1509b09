/** The README is true: its commands are the ones that exist, its examples run, its `curl` lines do what it says, its links lead somewhere. */
import { execFile } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { program } from "../../docs/examples/cancel-an-order.ts"
import { postgres } from "../../docs/examples/on-postgresql.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"
import { serve, stop } from "../support/servedProcess.ts"
import { confirmedOrder, newCaller, shopOver } from "../support/world.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (path: string) => readFileSync(join(root, path), "utf8")
const readme = read("README.md")

/** The contents of every fence of a language. */
const fences = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, found, content = ""]) => (found === language ? [content] : []))

describe("the README", () => {
  const [start, test, curls = ""] = fences("sh")

  it("has two commands for a newcomer, and CI runs the second, then the documentation in a browser", () => {
    expect([start, test]).toEqual(["npm install && npm start\n", "npm install && npm test\n"])
    // CI runs each on a line of its own: `bash -e` goes on after the first command of `a && b` failed.
    expect(read(".ci/run").trimEnd().split("\n").slice(-3).join(" && ")).toBe(`${test?.trimEnd()} && npm run test:browser`)
  })

  it("has no other fence", () => {
    expect(readme.match(/^```\w+/gm)?.toSorted()).toEqual(["```mermaid", "```sh", "```sh", "```sh", "```ts", "```ts", "```ts"])
  })

  it("links to what exists", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, path = ""]) => path)
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it("has three lines that place an order, cancel it and read what happened, as the service prints them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-readme-"))
    const served = await serve({ DATA_DIR: folder })
    try {
      const here = curls.replaceAll("http://127.0.0.1:3000", served.url)
      for (const line of here.trim().split("\n")) await expect.poll(served.output).toContain(line)
      const { stdout } = await promisify(execFile)("sh", ["-c", here])
      const [orderId, cancelled, history] = stdout.trim().split("\n")
      expect(JSON.parse(cancelled ?? "")).toMatchObject({ success: true, orderId })
      expect(JSON.parse(history ?? "")).toMatchObject({
        orderId,
        events: [
          { type: "order.placed", to: "pending" },
          { type: "order.cancelled", to: "cancelled", reason: "Customer changed their mind" }
        ]
      })
    } finally {
      await stop(served)
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe("the examples", () => {
  it("cancel an order", async () => {
    expect(await Effect.runPromise(program)).toBe("pending -> cancelled, released 2")
  })

  it("keep orders in PostgreSQL", async () => {
    const program = Effect.gen(function* () {
      const url = yield* freshDatabase
      const settings = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: Redacted.value(url) }))
      const cancelled = Effect.gen(function* () {
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        return yield* (yield* OrderLifecycle).cancel(caller, orderId)
      })
      return yield* Effect.provide(cancelled, shopOver(Layer.provide(postgres, settings)))
    })
    expect((await Effect.runPromise(Effect.scoped(program))).after.version).toBe(3)
  })
})
