import * as Schema from "effect/Schema"
import { nothing, type plainEvent } from "../orderEvent.ts"
import type { SharedRefusal } from "../commonRefusals.ts"
import { defineCommand, type RefusalClass, type RefusalFacts } from "./defineCommand.ts"

/** Define a command that names nothing but its order, and changes nothing but its status. */
export const plainCommand = <
  const Name extends string,
  Event extends ReturnType<typeof plainEvent<string>>,
  const Errors extends ReadonlyArray<RefusalClass>,
  const Refusals extends Readonly<
    Record<string, (facts: RefusalFacts<{ readonly type: Name }>) => InstanceType<Errors[number] | SharedRefusal>>
  >
>(terms: {
  readonly name: Name
  /** What it does, in a sentence. */
  readonly description: string
  readonly event: Event
  /** The refusals that are this command's own, as classes. */
  readonly errors: Errors
  /** Its refusals, by code. */
  readonly refusals: Refusals
}) => {
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
