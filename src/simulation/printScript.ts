/** A script as a list that people read: each step with its time, and what came of it. */
import * as Effect from "effect/Effect"
import commands from "../order/commands/index.ts"
import type { Finding } from "./Auditor.ts"
import type { Watcher } from "./Call.ts"
import { type PlayOptions, playScript } from "./playScript.ts"
import type { Script, ScriptedCall, ScriptedCommand } from "./Script.ts"
import { wordFor } from "./Trace.ts"

/** Play a script and print it: a line for each step, with its answer and the faults that hit it, and what the auditor found. */
export const printScript = Effect.fnUntraced(function* (script: Script, options: PlayOptions = {}) {
  const answers = new Map<string, ReadonlyArray<string>>()
  const note = (name: string, word: string) => answers.set(name, [...(answers.get(name) ?? []), word])
  const log: Watcher = {
    sent: (sent) => void note(`${sent.number}`, ""),
    fault: (kind, step, sent) => {
      if (sent !== null) note(`${sent.number}`, `(${kind} at ${step})`)
    },
    answered: (sent, answer) => void note(`${sent.number}`, `-> ${wordFor(answer)}`)
  }
  const { findings } = yield* playScript(script, { ...options, watchers: [...(options.watchers ?? []), log] })

  const names = nicknames(script)
  const isTold = new Set<number>()
  const lines = script.steps.map(({ atMs, number, tenant, call, key, expectedVersion }) => {
    const isAgain = isTold.has(number)
    isTold.add(number)
    const came = isAgain ? "(again)" : (answers.get(`${number}`) ?? ["never sent: what it refers to was never made"]).join(" ")
    const expecting = expectedVersion === undefined ? "" : ` expecting version ${expectedVersion}`
    const under = key === undefined ? expecting : `${expecting} [${key}]`
    return `${timeOf(atMs)}  #${number} ${tenant}  ${describe(call, number, names)}${under} ${came.replaceAll(/ {2,}/g, " ").trim()}`
  })
  return [
    `seed ${script.seed}, policy ${script.policy}, ${script.steps.length} steps`,
    ...lines,
    ...findings.map((finding) => describeFinding(finding))
  ].join("\n")
})

/** A finding as one line. */
export const describeFinding = ({ id, message, call, orderId }: Finding): string =>
  `${id}: ${message}${call === undefined ? "" : ` (call #${call})`}${orderId === undefined ? "" : ` (order ${orderId})`}`

/** Orders are called A, B, C … by the calls that place them. */
const nicknames = ({ steps }: Script): ReadonlyMap<number, string> => {
  const placing = new Set(steps.filter(({ call }) => call.type === "place").map(({ number }) => number))
  return new Map([...placing].map((number, index) => [number, `order ${letters(index)}`]))
}

const letters = (index: number): string =>
  (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(65 + (index % 26))

const describe = (call: ScriptedCall, number: number, names: ReadonlyMap<number, string>): string => {
  const name = (reference: number | string) =>
    typeof reference === "number" ? (names.get(reference) ?? `#${reference}`) : reference
  if (call.type === "place")
    return `place ${name(number)}: ${call.request.items.map(({ sku, quantity }) => `${quantity} ${sku}`).join(", ")}`
  if (call.type === "cancelMany") return `cancelMany ${call.orders.map(name).join(", ")}`
  if (call.type === "apply") {
    const given = Object.keys(call.payload).length === 0 ? "" : ` ${JSON.stringify(call.payload)}`
    return `${call.command} ${name(call.order)}${given}`
  }
  const about = "order" in call ? name(call.order) : `of ${name(call.subscription)}`
  return `${call.type} ${about}${wordsOf(call)}`
}

/** What else helps: the asset that is to go out, and why an order is to end, where the call gives a reason. */
const wordsOf = (call: ScriptedCommand): string => {
  const { rents } = commands[call.type]
  const request: Readonly<Record<string, unknown>> = call.request
  if (rents !== undefined) return ` with ${String(request[rents])}`
  const { reason } = request
  return "order" in call && typeof reason === "string" ? ` "${reason}"` : ""
}

const timeOf = (atMs: number): string => {
  const [minutes, ms] = [Math.floor(atMs / 60_000), atMs % 60_000]
  return `${String(minutes).padStart(3)}:${(ms / 1_000).toFixed(3).padStart(6, "0")}`
}
