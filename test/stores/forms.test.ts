/** Every form in which an event was ever stored is read by the code of today: `test/fixtures/events/README.md`. */
import { readdirSync, readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { describe, expect, it } from "vitest"
import { type SealedEvent, verifyChain } from "../../src/order/auditChain.ts"
import { AuditEvent, isOwnEvent, libraryEvents } from "../../src/order/AuditEvent.ts"
import { fold } from "../../src/order/evolve.ts"
import type { Order } from "../../src/order/Order.ts"
import { OwnEvent } from "../../src/order/orderEvent.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { walkHistory } from "../../src/verify/walkHistory.ts"
import { shopProcess } from "../support/shopProcess.ts"

interface Form {
  readonly name: string
  readonly events: ReadonlyArray<SealedEvent>
  readonly order: Order
}

const folder = new URL("../fixtures/events/", import.meta.url)
const forms = readdirSync(folder)
  .filter((file) => file.endsWith(".jsonl"))
  .flatMap((file) =>
    readFileSync(new URL(file, folder), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => [file, JSON.parse(line) as Form] as const)
  )

const decode = Schema.decodeUnknownSync(AuditEvent)

describe.each(forms.map(([file, form]) => [file, form.name, form] as const))("%s, %s", (_, __, { events, order }) => {
  it("verifies, is read, makes the same order, and was right to come about", () => {
    expect(verifyChain(events)).toBeNull()
    for (const { event } of events) expect(decode(event)).toEqual(event)
    const plain = events.map(({ event }) => event)
    // What was erased is gone from the order, too.
    expect(fold(plain)).toEqual(order)
    const walk = walkHistory([lifecycles.noActiveSubscriptions, lifecycleOf("noActiveSubscriptions", shopProcess)], plain)
    expect(walk.faults).toEqual([])
  })
})

/** The members that an event's struct may have: `details.reasonCode`. */
const membersOf = (schema: Schema.Constraint): ReadonlyArray<string> => {
  const { ast } = schema
  if (!SchemaAST.isObjects(ast)) return []
  return ast.propertySignatures.flatMap(({ name, type }) => {
    const below = name === "details" || name === "confidential" ? membersOf(Schema.make(type)) : []
    return [String(name), ...below.map((member) => `${String(name)}.${member}`)]
  })
}

it("there is every kind of event among them, with every member that it may have", () => {
  const all = forms.flatMap(([, { events }]) => events.map(({ event }) => event))
  const kindOf = (event: AuditEvent) => (isOwnEvent(event) ? "own" : event.type)
  const has = (event: object, path: string) =>
    path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], event) !== undefined
  const missing = [
    ...libraryEvents.map((schema) => [schema.fields.type.schema.literal, schema] as const),
    ["own", OwnEvent] as const
  ].flatMap(([kind, schema]) => {
    const ofKind = all.filter((event) => kindOf(event) === kind)
    return membersOf(schema).flatMap((member) => (ofKind.some((event) => has(event, member)) ? [] : [`${kind}: ${member}`]))
  })
  expect(missing).toEqual([])
})
