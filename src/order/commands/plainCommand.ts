import * as Schema from "effect/Schema"
import { nothing, type plainEvent } from "../orderEvent.ts"
import type { SharedRefusal } from "../commonRefusals.ts"
import { type CommandTerms, defineCommand, type RefusalClass, type RefusalFacts, type RequestSchema } from "./defineCommand.ts"

/** Define a command that names nothing but its order, and changes nothing but its status. */
export const plainCommand = <
  const Name extends string,
  Event extends ReturnType<typeof plainEvent<string>>,
  const Errors extends ReadonlyArray<RefusalClass>,
  const Refusals extends Readonly<
    Record<string, (facts: RefusalFacts<{ readonly type: Name }>) => InstanceType<Errors[number] | SharedRefusal>>
  >
>(
  terms: Omit<CommandTerms<Name, RequestSchema, "order", undefined, Event, Errors>, "request" | "target" | "rents"> & {
    /** Its refusals, by code. */
    readonly refusals: Refusals
  }
) => {
  const question = { type: terms.name } as const
  return defineCommand({ ...terms, request: Schema.Struct({}), target: "order", rents: undefined })({
    question: () => question,
    commandOf: () => question,
    facts: {},
    refusals: terms.refusals,
    record: () => ({ details: nothing, confidential: nothing }),
    evolve: (order, event) => ({ ...order, version: event.sequence, status: event.to, updatedAt: event.at }),
    sample: () => question
  })
}
