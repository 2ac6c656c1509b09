/** A command that is given by itself, as a process declares it. */
import type { Commands, CommandType } from "../commands/index.ts"

/** Commands of the library that name nothing but the order. */
export type OrderWideCommand = {
  readonly [Type in CommandType]: Commands[Type]["target"] extends "order" ? Type : never
}[CommandType]

/** What a command is given with: a payload of the process's own, or a request of the library's. */
export type PayloadOf<Command, Payloads> = Command extends OrderWideCommand
  ? Commands[Command]["request"]["Type"]
  : Command extends keyof Payloads
    ? Payloads[Command]
    : never

/** So long in a status, and a command is given by itself, once, as the actor `system`. */
export type OwnDue<Statuses extends string = string, Command extends string = string, Payload = object> = {
  readonly when: { readonly status: Statuses }
  /** An ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `P14D`; a day is 24 hours. */
  readonly after: string
  readonly command: Command
} & (object extends Payload ? { readonly payload?: Payload } : { readonly payload: Payload })
