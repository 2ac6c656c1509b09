/** The short way of reading input gives what the schema gives, or leaves it to the schema. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderId } from "../../src/order/Order.ts"
import { CancelOrder } from "../../src/order/commands/cancel.ts"
import { CancelSubscription } from "../../src/order/commands/cancelSubscription.ts"
import { PlaceOrder } from "../../src/order/commands/place.ts"
import { RewriteNotes } from "../../src/order/RewriteNotes.ts"
import { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import { quickReader, type UnknownMembers, unread } from "../../src/order/quickReader.ts"
import { actor, placeOrder, reason, refusedReason, text } from "../../src/testing/arbitraries.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const id = fc.oneof(text(20), fc.uuid(), fc.string({ unit: "binary", minLength: 126, maxLength: 130 }))
const anyReason = fc.oneof(reason, refusedReason)
const date = fc.oneof(fc.constantFrom("2026-12-01", "2026-02-30", "soon"), text(10))

/** Each schema that commands are read by, with inputs that are right as often as not. */
const inputs: ReadonlyArray<readonly [name: string, schema: Schema.ConstraintDecoder<unknown>, input: fc.Arbitrary<unknown>]> = [
  [
    "Caller",
    Caller,
    fc.record({ tenantId: id, actor, requestId: id, idempotencyKey: text(10) }, { requiredKeys: ["tenantId", "actor"] })
  ],
  ["OrderId", OrderId, id],
  ["a list of ids", Schema.Array(OrderId), fc.array(id, { maxLength: 3 })],
  ["PlaceOrder", PlaceOrder, placeOrder],
  ["CancelOrder", CancelOrder, fc.record({ reason: anyReason }, { requiredKeys: [] })],
  [
    "StartSubscription",
    StartSubscription,
    fc.record(
      {
        orderId: id,
        assetSerialNumber: id,
        customerId: id,
        sku: id,
        startDate: date,
        contractLength: fc.integer({ min: -1, max: 122 }),
        notes: text()
      },
      { requiredKeys: ["orderId", "assetSerialNumber", "customerId"] }
    )
  ],
  [
    "CancelSubscription",
    CancelSubscription,
    fc.record(
      { rentalId: id, reason: fc.constantFrom("customer_request", "fraud", "whim"), notes: anyReason },
      { requiredKeys: ["rentalId", "reason"] }
    )
  ],
  ["RewriteNotes", RewriteNotes, fc.record({ notes: anyReason })]
]

const odd = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, 0, -0, 1.5, Number.NaN, "", "\ud800", "\u0000", true, [], {}, [[]]),
  fc.anything(),
  text()
)

/** The value with something put in the place of a member, a member more, or a member less, somewhere in it. */
const spoilt = (value: unknown, [at, ...deeper]: ReadonlyArray<number>, other: unknown): unknown => {
  if (at === undefined || typeof value !== "object" || value === null) return other
  const names = [...Object.keys(value), "more"]
  const name = names[at % names.length] ?? "more"
  const inside = spoilt(value[name as keyof typeof value], deeper, other)
  if (Array.isArray(value)) return value.map((each: unknown, index) => (String(index) === name ? inside : each))
  return Object.fromEntries(
    names.flatMap((each) =>
      each === name ? (at % 5 === 4 ? [] : [[each, inside]]) : each === "more" ? [] : [[each, value[each as keyof typeof value]]]
    )
  )
}

/** A member more, somewhere in the input. */
const hasMore = (input: unknown): boolean =>
  typeof input === "object" && input !== null && Object.entries(input).some(([name, value]) => name === "more" || hasMore(value))

const agrees = (
  schema: Schema.ConstraintDecoder<unknown>,
  input: unknown,
  unknownMembers: UnknownMembers = "ignored"
): "read" | "left" => {
  const quick = quickReader(schema.ast, unknownMembers)(input)
  const slow = Schema.decodeUnknownResult(schema, unknownMembers === "refused" ? { onExcessProperty: "error" } : {})(input)
  if (quick === unread) {
    // Of what is sound, only free-form JSON is left to the schema.
    expect(Result.isFailure(slow) || (slow.success as { customFields?: unknown }).customFields !== undefined).toBe(true)
    return "left"
  }
  expect(Result.isSuccess(slow)).toBe(true)
  if (Result.isSuccess(slow)) expect(quick).toStrictEqual(slow.success)
  return "read"
}

describe.each(inputs)("%s", (_, schema, input) => {
  it("is read the short way as by the schema, whatever is wrong with it", () => {
    const count = { read: 0, left: 0, withMore: 0 }
    fc.assert(
      fc.property(input, fc.array(fc.nat(30), { maxLength: 3 }), odd, (whole, path, other) => {
        count[agrees(schema, whole)]++
        const changed = spoilt(whole, path, other)
        agrees(schema, changed)
        count[agrees(schema, whole, "refused")]++
        agrees(schema, changed, "refused")
        if (hasMore(changed)) count.withMore++
        tried("inputs read the short way and by the schema", 4)
      }),
      { numRuns: numRuns(300) }
    )
    // A way that was never taken proves nothing.
    expect(count.read).toBeGreaterThan(0)
  })
})

describe("the short way", () => {
  it("leaves input with a member that is not known to the schema, where those are refused, and drops it where they are not", () => {
    const schema = Schema.Struct({
      a: Schema.optionalKey(Schema.Struct({ b: Schema.Array(Schema.Struct({ c: Schema.String })) }))
    })
    const inputs = [{ more: undefined }, { a: { b: [], more: 1 } }, { a: { b: [{ c: "x", more: 1 }] } }, { [Symbol("more")]: 1 }]
    for (const input of inputs) {
      expect(agrees(schema, input)).toBe("read")
      expect(agrees(schema, input, "refused")).toBe("left")
    }
    expect(agrees(schema, { a: { b: [{ c: "x" }] } }, "refused")).toBe("read")
  })

  it.each<readonly [string, Schema.ConstraintDecoder<unknown>, ReadonlyArray<unknown>]>([
    ["what is transformed", Schema.NumberFromString, ["1", 1]],
    ["a group of checks", Schema.String.check(Schema.isMinLength(1).and(Schema.isMaxLength(2))), ["a"]],
    ["whatever anything is", Schema.Unknown, [1, {}]],
    ["free-form JSON", Schema.JsonObject, [{ a: 1 }]],
    ["a record", Schema.Record(Schema.String, Schema.Number), [{ a: 1 }]],
    ["an empty struct", Schema.Struct({}), [{}, 1]],
    ["a tuple", Schema.Tuple([Schema.String]), [["a"]]],
    ["a tuple that goes on", Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.String]), [["a", "b"]]],
    [
      "a list that ends with something else",
      Schema.TupleWithRest(Schema.Tuple([]), [Schema.String, Schema.String]),
      [["a"], ["a", "b"]]
    ],
    [
      "a struct that goes on",
      Schema.StructWithRest(Schema.Struct({ a: Schema.String }), [Schema.Record(Schema.String, Schema.Any)]),
      [{ a: "" }]
    ],
    ["a word or a struct", Schema.Union([Schema.Literal("a"), Schema.Struct({ a: Schema.String })]), ["a", { a: "" }]],
    ["one of two and not both", Schema.Union([Schema.Literal("a"), Schema.String], { mode: "oneOf" }), ["a"]],
    ["a union of structs", Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.String })]), [{ b: "" }]],
    ["a member with the name of the prototype", Schema.Struct({ ["__proto__"]: Schema.String }), [{ ["__proto__"]: "x" }]]
  ])("leaves %s to the schema", (_, schema, all) => {
    for (const input of all) expect(quickReader(schema.ast)(input)).toBe(unread)
  })

  it("knows members that are inherited, members that are undefined, words, null and switches, as the schema does", () => {
    const schema = Schema.Struct({
      word: Schema.Literals(["a", "b"]),
      maybe: Schema.optionalKey(Schema.NullOr(Schema.String)),
      on: Schema.optionalKey(Schema.Boolean),
      size: Schema.optionalKey(Schema.Finite),
      number: Schema.optionalKey(Schema.Number)
    })
    const inherits = Object.assign(Object.create({ word: "a" }) as object, { maybe: null })
    for (const input of [inherits, { word: "b", maybe: "", more: 1 }, { word: "a", on: false, size: 1, number: Infinity }])
      expect(agrees(schema, input)).toBe("read")
    for (const input of [
      { word: "c" },
      { word: "a", maybe: undefined },
      { word: "a", on: 1 },
      { word: "a", size: Infinity },
      ["a"],
      null
    ])
      expect(agrees(schema, input)).toBe("left")
  })
})
