/** What an operation takes besides its parameters and its body: it follows from the command that it carries out, or from its method. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type { CommandType } from "../order/commands/index.ts"

/** The command on an order that an operation carries out. */
export class CarriedOut extends Context.Service<CarriedOut, CommandType>()("order-lifecycle/http/CarriedOut") {}

export interface Taken {
  readonly idempotencyKey: boolean
  /** `version`: `If-Match` has versions of the order. `tag`: it has something else, which the handler reads. `nothing`: there is nothing to match. */
  readonly ifMatch: "version" | "tag" | "nothing"
  readonly dryRun: boolean
  /** It changes nothing: a key that may only read can ask for it. */
  readonly onlyReads: boolean
}

/** What an operation takes, where that follows from nothing. */
export class Takes extends Context.Service<Takes, Partial<Taken>>()("order-lifecycle/http/Takes") {}

/** What an operation takes. `isCommand`: whether it carries out a command on an order. */
export const takenBy = (method: string, isCommand: boolean, told: Partial<Taken> = {}): Taken => ({
  idempotencyKey: isCommand || method.toUpperCase() === "POST",
  ifMatch: isCommand ? "version" : "nothing",
  dryRun: isCommand,
  onlyReads: method.toUpperCase() === "GET",
  ...told
})

/** The command of an endpoint, and what it takes. */
export const operationOf = ({
  method,
  annotations
}: {
  readonly method: string
  readonly annotations: Context.Context<never>
}): { readonly command: CommandType | undefined; readonly takes: Taken } => {
  const command = Option.getOrUndefined(Context.getOption(annotations, CarriedOut))
  return { command, takes: takenBy(method, command !== undefined, Option.getOrUndefined(Context.getOption(annotations, Takes))) }
}
