/** Reading commands whose names are not known before: the library's, and those of a process. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InvalidInput } from "../order/commonRefusals.ts"
import type { RequestSchema } from "../order/commands/defineCommand.ts"
import type { CommandRequest, CommandType } from "../order/commands/index.ts"
import { commandNames, type Lifecycle } from "../order/lifecycleTable.ts"
import type { OwnData } from "../order/Order.ts"
import { reader } from "../order/readInput.ts"
import { NewJsonObject } from "../order/Text.ts"

type Read<A> = Effect.Effect<A, InvalidInput>

/**
 * Readers of the commands of a lifecycle, on an order that is named beside them. One that is only asked about is checked like one that is given:
 * what it is refused for, its preview is refused for.
 */
export const commandReader = (lifecycle: Lifecycle) => {
  const names = commandNames(lifecycle)
  const Name = Schema.Literals(names)
  const readName = reader(Name, "command")
  const readType = reader(Schema.Struct({ type: Name }), "", "ignored")
  const readPayload = Object.fromEntries(
    names.map((type) => {
      const { target, request } = lifecycle.commands[type]
      if (target !== "orderId") return [type, jsonReader(request)]
      const { orderId: _, ...fields } = request.fields
      return [type, jsonReader(Schema.Struct(fields))]
    })
  ) as Readonly<Record<CommandType, (input: unknown) => Result.Result<object, InvalidInput>>>
  const checked = (type: CommandType, payload: unknown) =>
    Result.map(readPayload[type](payload), (read) => ({ type, ...read }) as CommandRequest)
  return {
    /** A name, and what is given with it. */
    named: (name: string, payload: unknown): Read<CommandRequest> =>
      Effect.fromResult(Result.flatMap(readName(name), (type) => checked(type, payload))),
    /** Both in one. */
    request: (given: CommandRequest): Read<CommandRequest> =>
      Effect.fromResult(
        Result.flatMap(readType(given), ({ type }) => {
          const { type: _, ...payload } = given
          return checked(type, payload)
        })
      )
  }
}

const readJson = reader(NewJsonObject)

/** What a schema of a process lets pass must be JSON that can be stored, too. */
const jsonReader = (schema: RequestSchema) => {
  const readShape = reader(schema as Schema.Struct<{}>, "", "refused")
  return (input: unknown) =>
    Result.flatMap(readShape(input), (read): Result.Result<object, InvalidInput> => Result.map(readJson(read), () => read))
}

/** The own data that an order is placed with, if any are given. */
export const readOwnData = ({ process }: Lifecycle, data: unknown): Read<OwnData | undefined> => {
  if (data === undefined) return Effect.succeed(data)
  if (process !== undefined) return Effect.fromResult(process.data.read(data))
  const message = "is kept by a process of your own, and there is none here"
  return Effect.fail(new InvalidInput({ details: [{ path: "data", message, code: "unexpected" }] }))
}
