/** `docs/reference/errors.md`: every code there is, with its causes, its remedies, where the lifecycle gives it, and a real answer. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import {
  answerDefect,
  answerFailure,
  httpFault,
  httpFaults,
  type HttpCode,
  OrderOfSubscriptionNotFound,
  statusByCode
} from "../../src/http/errors.ts"
import { InvalidBuyoutPrice, InvalidFee } from "../../src/http/amounts.ts"
import { EventNotErasable } from "../../src/lifecycle/AuditTrail.ts"
import { NotesMismatch, VersionMismatch } from "../../src/lifecycle/expectedVersion.ts"
import { IdempotencyKeyReused } from "../../src/lifecycle/idempotency.ts"
import { DueNotParked } from "../../src/lifecycle/Due.ts"
import { ConsumerExists, ConsumerNotFound, EventNotParked } from "../../src/lifecycle/Outbox.ts"
import { OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { type MachineRefusal, machineRefusals, refusalsByLack } from "../../src/draw/machineRefusals.ts"
import { anchored, blocks, code, codes, json, prose, table } from "../../src/draw/markdown.ts"
import { type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { OrderId } from "../../src/order/Order.ts"
import { Refusal } from "../../src/order/Refusal.ts"
import { heading } from "./page.ts"
import { type Method, type Provoked, provokeAll } from "./provocations.ts"

/** One error under one code. `method` is the command that it was provoked by; null where any request can get it. */
interface Entry {
  readonly code: string
  readonly status: number
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly when: string
  readonly remedy: string
  readonly tag: string
  readonly method: Method | null
  readonly request: string
  readonly body: unknown
}

const classes = [
  ...Refusal.members,
  InvalidFee,
  InvalidBuyoutPrice,
  IdempotencyKeyReused,
  VersionMismatch,
  NotesMismatch,
  StoreUnavailable,
  OutcomeUnknown,
  EventNotErasable
]
const whenByTag = new Map<string, string>(classes.map((kind) => [kind.name, kind.when]))

const tellingHeaders = new Set(["www-authenticate", "retry-after", "etag"])
const headersOf = (headers: Headers) => [...headers].filter(([name]) => tellingHeaders.has(name))

const codeIn = (body: unknown): string => (body as { readonly error: { readonly code: string } }).error.code

const entryOf = ({ tag, method, exchange, remedy }: Provoked): Entry => {
  const { status, headers, body, request } = exchange
  const code = codeIn(body)
  // Over HTTP, the order that a subscription is asked for has a code of its own.
  const when = code === "ORDER_NOT_FOUND" ? OrderOfSubscriptionNotFound.when : (whenByTag.get(tag) ?? "")
  return { code, status, headers: headersOf(headers), when, remedy, tag, method, request: request.line, body }
}

const httpEntry = async (code: HttpCode): Promise<Entry> => {
  const answer = code === "INTERNAL_ERROR" ? answerDefect("req_0") : answerFailure(httpFault(code))
  const response = HttpServerResponse.toWeb(answer)
  const { when, remedy } = httpFaults[code]
  const headers = headersOf(response.headers)
  return {
    code,
    status: response.status,
    headers,
    when,
    remedy,
    tag: "–",
    method: null,
    request: "",
    body: await response.json()
  }
}

/** What every code can be given for: by status, then by code. */
const allEntries = async (): Promise<ReadonlyArray<Entry>> => {
  const ofLifecycle = (await provokeAll()).map(entryOf)
  const ofHttp = await Promise.all((Object.keys(httpFaults) as ReadonlyArray<HttpCode>).map(httpEntry))
  const all = [...ofHttp, ...ofLifecycle].toSorted((a, b) => a.status - b.status || a.code.localeCompare(b.code, "en"))
  const missing = Object.keys(statusByCode).filter((code) => !all.some((entry) => entry.code === code))
  if (missing.length > 0) throw new Error(`nothing provokes ${missing.join(", ")}: add it to docs/draw/provocations.ts`)
  return all
}

const link = (name: string) => `[${code(name)}](#${name.toLowerCase()})`

const distinct = <A>(all: ReadonlyArray<A>, keyOf: (each: A) => string): ReadonlyArray<A> =>
  all.filter((each, index) => all.findIndex((other) => keyOf(other) === keyOf(each)) === index)

/** One row for each error, whatever the number of commands that can get it. */
const rowsOf = (entries: ReadonlyArray<Entry>) =>
  distinct(entries, ({ code, tag, when }) => `${code} ${tag} ${when}`).map((entry) => {
    const methods = entries.flatMap(({ tag, when, method }) =>
      tag === entry.tag && when === entry.when && method ? [method] : []
    )
    return { ...entry, methods: [...new Set(methods)] }
  })

/** Where in the lifecycle a code is given: the statuses together that lack the same. */
const drawMachine = (refusals: ReadonlyArray<MachineRefusal>): string => {
  if (refusals.length === 0) return ""
  return blocks(
    "The lifecycle gives it here:",
    table(
      ["Command", "The order is", "What does not hold", "Error", "Remedy"],
      refusalsByLack(refusals).map(({ command, statuses, lacking, error }) => [
        code(command),
        codes(statuses),
        code(lacking),
        code(error._tag),
        error.remedy
      ])
    )
  ).trimEnd()
}

const drawCode = (name: string, entries: ReadonlyArray<Entry>, refusals: ReadonlyArray<MachineRefusal>): string => {
  const [first] = entries
  const example = entries.find(({ request }) => request !== "") ?? first
  if (first === undefined || example === undefined) return ""
  const headers = first.headers.map(([header, value]) => code(`${header}: ${value}`))
  return blocks(
    anchored(name, `### ${name}`),
    `HTTP status ${first.status}${headers.length > 0 ? `, with the header ${headers.join(" and ")}` : ""}.`,
    table(
      ["Cause", "Remedy", "Error in code", "Given to"],
      rowsOf(entries).map(({ when, remedy, tag, methods }) => [
        prose(when),
        prose(remedy),
        tag === "–" ? tag : code(tag),
        methods.length > 0 ? codes(methods) : "any request"
      ])
    ),
    drawMachine(refusals.filter(({ error }) => error.code === name)),
    example.request === "" ? "The body:" : `For example, ${code(example.request)} is answered with:`,
    json(example.body)
  ).trimEnd()
}

/** The page. `all` are the lifecycles whose refusals it shows. */
export const drawErrors = async (all: ReadonlyArray<Lifecycle> = Object.values(lifecycles)): Promise<string> => {
  const entries = await allEntries()
  const refusals = all.flatMap(machineRefusals)
  const names = [...new Set(entries.map(({ code }) => code))]
  const example = entries.find(({ tag }) => tag === "InvalidInput")
  const event = { orderId: OrderId.make("ord_0"), sequence: 1 }
  const consumer = { consumer: "billing", tenantId: null }
  const inCode = [
    [EventNotErasable, new EventNotErasable(event)],
    [ConsumerNotFound, new ConsumerNotFound(consumer)],
    [ConsumerExists, new ConsumerExists(consumer)],
    [EventNotParked, new EventNotParked({ ...event, consumer: "billing" })],
    [DueNotParked, new DueNotParked({ ...event, name: "expire" })]
  ] as const
  return blocks(
    heading(
      "Errors",
      "src/order/commands/",
      "src/order/commonRefusals.ts",
      "src/order/orderMachine.ts",
      "src/lifecycle/OrderStore.ts",
      "src/http/errors.ts"
    ),
    `What a command cannot do is refused by name, and a refusal changes nothing. In code a refusal is a typed error: \`_tag\` says which,
\`code\` is the specification's word for it, \`message\` says what is wrong and \`remedy\` what to do. Over HTTP it is a status and a body, the
same for every error; \`details\` is there where single fields are wrong. The answers on this page were given by the service itself.`,
    json(example?.body),
    "## Cancelling an order",
    table(
      ["Error code", "Cause", "Solution"],
      entries
        .filter(({ method }) => method === "cancel")
        .toSorted((a, b) => b.status - a.status || b.code.localeCompare(a.code, "en"))
        .map(({ code, when, remedy }) => [link(code), prose(when), prose(remedy)])
    ),
    "## All codes",
    table(
      ["Code", "HTTP status", "Cause", "Remedy", "Error in code"],
      rowsOf(entries).map(({ code: name, status, when, remedy, tag }) => [
        link(name),
        String(status),
        prose(when),
        prose(remedy),
        tag === "–" ? tag : code(tag)
      ])
    ),
    `A code without an error in code is given by the HTTP service alone. These errors are given in code alone, when you
[erase](../decisions/0009-what-can-be-erased.md) the text of an audit event or run the outbox:`,
    table(
      ["Error in code", "Cause", "Remedy"],
      inCode.map(([kind, error]) => [code(error._tag), prose(kind.when), prose(error.remedy)])
    ),
    "## Each code",
    `*What does not hold* is the machine's name for a guard or a fact of the status; [the lifecycle](../lifecycle.md) has them all.`,
    ...names.map((name) =>
      drawCode(
        name,
        entries.filter((entry) => entry.code === name),
        refusals
      )
    )
  )
}
