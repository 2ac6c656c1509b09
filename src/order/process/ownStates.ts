/** What a process adds to the machine: its commands to every status, and its statuses with an answer to every command. */
import type { LibraryStatus } from "../Order.ts"
import type { LoadedProcess } from "./loadProcess.ts"
import { possibleFact, unlessStatus } from "./names.ts"
import type { Words } from "./OwnGuard.ts"

interface State {
  readonly description: string
  readonly on: Readonly<Record<string, unknown>>
}

export type LibraryStates = Readonly<Record<LibraryStatus, State>>

/** A refusal, as it stands on the machine. */
const refuse = ({ code }: Words, lacking: string) => ({ actions: { type: "refuse", params: { code, lacking } } })

/**
 * The library's states with the commands of a process, and its own states. `guarded` are the answers of guards before a command,
 * `likeNone` what a status answers that is like no other.
 */
export const withOwn = <States extends LibraryStates>(
  process: Pick<LoadedProcess, "statuses" | "commands">,
  guarded: (command: string) => ReadonlyArray<unknown>,
  likeNone: State["on"],
  states: States
): States => {
  const all: Record<string, State> = { ...states }
  for (const [name, { description, like, but = {} }] of process.statuses) {
    const refused = Object.entries(but).map(([command, words]) => [command, refuse(words, unlessStatus(name))])
    all[name] = {
      description,
      on: { ...(like === undefined ? likeNone : all[like]?.on), ...Object.fromEntries(refused) }
    }
  }
  const own = (status: string) =>
    [...process.commands].map(([name, { from, otherwise }]) => {
      const target = Object.hasOwn(from, status) ? from[status] : undefined
      if (target === undefined) return [name, refuse(otherwise, possibleFact(name))]
      return [name, [...guarded(name), target === status ? {} : { target }]]
    })
  return Object.fromEntries(
    Object.entries(all).map(([status, { description, on }]) => [
      status,
      { description, on: { ...on, ...Object.fromEntries(own(status)) } }
    ])
  ) as unknown as States
}
