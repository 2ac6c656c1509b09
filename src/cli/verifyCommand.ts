/**
 * `order-lifecycle verify`: says what is wrong with stored orders, and what to do. Changes nothing.
 *
 * Violations go to standard output, one on a line, and a summary after them; progress to standard error, when that is a terminal.
 */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { TenantId } from "../order/Order.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { invariants, repairOf, type InvariantId } from "../verify/invariants.ts"
import { type Checked, verify } from "../verify/verify.ts"
import type { Violation } from "../verify/Violation.ts"
import { layerDigest } from "../node/nodeDigest.ts"
import { CannotVerify, reasonOf } from "./CannotVerify.ts"
import { readHeads, writeHeads } from "./headsFile.ts"
import { pooledFlag } from "./pooledFlag.ts"
import { schemaFlag } from "./schemaFlag.ts"
import { importProcess, processFlag } from "./processFlag.ts"
import { openRecords, type Place } from "./openRecords.ts"

/** Violations were found: the command did its work, and the answer is no. */
export class FoundViolations extends Schema.TaggedError<FoundViolations>()("FoundViolations", { count: Schema.Int }) {}

/** Where orders are kept, as flags. */
export const placeFlags = {
  databaseUrl: Flag.Redacted("database-url").pipe(
    Flag.withDescription(
      "The database, as postgres://user:password@host:5432/database. Without it, DATABASE_URL of the environment"
    ),
    Flag.optional
  ),
  pooled: pooledFlag,
  schema: schemaFlag,
  dataFolder: Flag.String("data-dir").pipe(Flag.withDescription("The folder of an embedded database, instead"), Flag.optional),
  tenant: Flag.String("tenant").pipe(Flag.withDescription("Only this tenant"), Flag.optional)
}

const flags = {
  ...placeFlags,
  policy: Flag.Literals("cancellation-policy", cancellationPolicyNames).pipe(
    Flag.withDescription("The policy that orders were cancelled under. Without it, what any policy allows is right"),
    Flag.optional
  ),
  process: processFlag,
  heads: Flag.String("heads").pipe(
    Flag.withDescription(
      "A file that --export-heads wrote: shows events that were cut off since, and orders that were taken away"
    ),
    Flag.optional
  ),
  exportHeads: Flag.String("export-heads").pipe(
    Flag.withDescription("Write the newest event of every order to this file, when nothing was found. Keep it elsewhere"),
    Flag.optional
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print a line of JSON for each violation, and one with the counts"),
    Flag.withDefault(false)
  )
}

export const verifyCommand = Command.make(
  "verify",
  flags,
  Effect.fnUntraced(function* ({ databaseUrl, pooled, schema, dataFolder, tenant, policy, process, heads, exportHeads, json }) {
    const place = yield* placeOf({ databaseUrl, pooled, schema, dataFolder })
    const tenantId = Option.map(tenant, (id) => id as TenantId)
    const found = new Map<InvariantId, number>()
    let checked: Checked = { tenants: 0, orders: 0, events: 0, ordersWithAssumedDecimals: 0, eventsNotJudged: 0 }

    const own = Option.isSome(process) ? yield* importProcess(process.value) : undefined
    const violations = verify({
      ...(own && { process: own }),
      onChecked: (now) => {
        checked = now
        return showProgress(now)
      },
      ...(Option.isSome(tenantId) && { tenantId: tenantId.value }),
      ...(Option.isSome(policy) && { cancellationPolicy: policy.value }),
      ...(Option.isSome(heads) && { heads: readHeads(heads.value) })
    })
    const work = Effect.gen(function* () {
      yield* Stream.runForEach(violations, (violation) => {
        found.set(violation.id, (found.get(violation.id) ?? 0) + 1)
        return Effect.andThen(hideProgress, Console.log(json ? JSON.stringify(violation) : lineOf(violation)))
      })
      yield* hideProgress
      const count = [...found.values()].reduce((sum, each) => sum + each, 0)
      yield* Console.log(json ? JSON.stringify({ checked, violations: count }) : summaryOf(checked, found) + noticeOf(checked))
      if (count > 0) return yield* new FoundViolations({ count })
      if (Option.isSome(exportHeads)) {
        const written = yield* writeHeads(exportHeads.value, Option.getOrUndefined(tenantId))
        if (!json) yield* Console.log(`${written} heads written to ${exportHeads.value}.`)
      }
    })
    yield* work.pipe(
      Effect.catchTag("StoreUnavailable", (error) => Effect.fail(new CannotVerify({ message: reasonOf(error) }))),
      Effect.provide([openRecords(place), layerDigest]),
      Effect.ensuring(hideProgress)
    )
  })
).pipe(
  Command.withDescription("Check all that is stored: every order, its history, and what guards them. Changes nothing."),
  Command.withExamples([
    { command: "order-lifecycle verify --data-dir data", description: "Verify an embedded database" },
    {
      command: "order-lifecycle verify --heads heads.jsonl",
      description: "Verify DATABASE_URL, and that nothing was cut off since the heads were exported"
    }
  ])
)

const databaseUrlOfEnvironment = Config.option(Config.Redacted("DATABASE_URL"))

export const placeOf = Effect.fnUntraced(function* (given: {
  readonly databaseUrl: Option.Option<Redacted.Redacted>
  readonly pooled: boolean
  readonly schema: string
  readonly dataFolder: Option.Option<string>
}) {
  const { pooled, schema } = given
  const [databaseUrl, dataFolder] = [Option.getOrUndefined(given.databaseUrl), Option.getOrUndefined(given.dataFolder)]
  if (databaseUrl && dataFolder !== undefined) {
    return yield* new CannotVerify({ message: "--database-url and --data-dir name two places: give one" })
  }
  if (dataFolder !== undefined) return { dataFolder, schema } satisfies Place
  const url = databaseUrl ?? Option.getOrUndefined(yield* databaseUrlOfEnvironment)
  if (url === undefined)
    return yield* new CannotVerify({ message: "nothing to verify: give --database-url, DATABASE_URL or --data-dir" })
  return { databaseUrl: url, pooled, schema } satisfies Place
})

// --- what it prints ----------------------------------------------------------------------------------------------------------------------

const lineOf = ({ id, tenantId, orderId, message }: Violation): string =>
  [id, ...(tenantId === undefined ? [] : [printable(tenantId)]), ...(orderId === undefined ? [] : [printable(orderId)])].join(
    " "
  ) + `: ${printable(message)}`

/** Ids and messages as they are, except what would let a stored text move the cursor or begin a line. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what this replaces
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\u{FFFD}")

const summaryOf = ({ tenants, orders, events }: Checked, found: ReadonlyMap<InvariantId, number>): string => {
  const extent = `${counted(orders, "order")} of ${counted(tenants, "tenant")} with ${counted(events, "event")} checked`
  if (found.size === 0) return `${extent}: everything is as it should be.`
  const rows = invariants.flatMap(({ id, says }) => {
    const count = found.get(id)
    return count === undefined ? [] : [`${id}  ${String(count).padStart(7)}  ${says}`, `             ${repairOf(id)}`]
  })
  return ["", `${extent}.`, "", ...rows].join("\n")
}

/** What is right, and worth knowing. */
const noticeOf = ({ ordersWithAssumedDecimals, eventsNotJudged }: Checked): string => {
  const decimals = `\nThe events of ${counted(ordersWithAssumedDecimals, "order")} do not say how many decimals their amounts have: they are read as the build that wrote them did.`
  const judged = `\n${counted(eventsNotJudged, "event")} of a process that is not known here could not be judged: name it with --process.`
  return (ordersWithAssumedDecimals === 0 ? "" : decimals) + (eventsNotJudged === 0 ? "" : judged)
}

export const counted = (count: number, what: string): string => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`

const clearLine = "\r\u001b[K"

const showProgress = ({ orders, events }: Checked) =>
  Effect.sync(() => {
    if (process.stderr.isTTY) process.stderr.write(`${clearLine}${counted(orders, "order")}, ${counted(events, "event")} ...`)
  })

const hideProgress = Effect.sync(() => {
  if (process.stderr.isTTY) process.stderr.write(clearLine)
})
