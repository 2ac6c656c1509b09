/** Reading input: every wrong field is named by its path, told in words and by the kind of its fault, and nothing of the input is repeated. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { inputFaults, reader } from "../../src/order/readInput.ts"

const Item = Schema.Struct({
  quantity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
  kind: Schema.optionalKey(Schema.Literals(["new", "used"]))
})
const Request = Schema.Struct({
  name: Schema.String.check(Schema.makeFilter((name) => name !== "nobody" || "must be\nsomebody")),
  items: Schema.Array(Item)
})

const faults = (schema: Schema.ConstraintDecoder<unknown>, input: unknown, path?: string) => {
  const result = reader(schema, path)(input)
  return Result.isFailure(result) ? result.failure.details : []
}

describe("input that does not fit", () => {
  it("is told of every field: where, what and which kind of fault", () => {
    const input = { name: 1, items: [{ quantity: 9 }, {}, { quantity: 1.5, kind: "secret" }, 3] }
    expect(faults(Request, input)).toEqual([
      { path: "name", message: "Expected string", code: "invalid_type" },
      { path: "items[0].quantity", message: "Expected a value between 1 and 5", code: "invalid_value" },
      { path: "items[1].quantity", message: "is required", code: "required" },
      { path: "items[2].quantity", message: "Expected an integer", code: "invalid_value" },
      { path: "items[2].kind", message: 'Expected "new" | "used"', code: "invalid_value" },
      { path: "items[3]", message: "Expected object", code: "invalid_type" }
    ])
  })

  it("is told in the words of the rule it breaks, all lines of them", () => {
    expect(faults(Request, { name: "nobody", items: [] })).toEqual([
      { path: "name", message: "must be\nsomebody", code: "invalid_value" }
    ])
  })

  it("has no path where all of it is wrong, and otherwise one below that of the whole", () => {
    expect(faults(Request, 7)).toEqual([{ path: "", message: "Expected object", code: "invalid_type" }])
    expect(faults(Request, 7, "caller").map(({ path }) => path)).toEqual(["caller"])
    expect(faults(Request, { items: [{}] }, "caller").map(({ path }) => path)).toEqual([
      "caller.name",
      "caller.items[0].quantity"
    ])
    expect(faults(Schema.Array(Schema.String), ["a", 1]).map(({ path }) => path)).toEqual(["[1]"])
    expect(faults(Schema.Array(Schema.String), ["a", 1], "orderIds").map(({ path }) => path)).toEqual(["orderIds[1]"])
  })
})

describe("a member that is not expected", () => {
  it("is told as such by whoever refuses it", () => {
    const decode = Schema.decodeUnknownResult(Item, { onExcessProperty: "error" })
    const { issue } = Result.getOrThrow(Result.flip(decode({ quantity: 1, colour: "red" })))
    expect(inputFaults(issue)).toMatchObject([{ path: "colour", code: "unexpected" }])
  })
})

describe("input that fits", () => {
  it("is read, and what is not known of it is dropped", () => {
    const read = reader(Request)({ name: "Ada", items: [{ quantity: 5, colour: "red" }], role: "admin" })
    expect(Result.getOrThrow(read)).toStrictEqual({ name: "Ada", items: [{ quantity: 5 }] })
  })
})
