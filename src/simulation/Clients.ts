/**
 * How callers behave on the way to the services: some requests take long to arrive, some are sent twice, nobody waits for ever, and what
 * failed or is unknown is asked again, under the same key.
 */
import type { TenantId } from "../order/Order.ts"
import type { Answer, Call, Sent, Watcher } from "./Call.ts"
import { draw, happens, type Stream } from "./randomness.ts"
import type { Scenario } from "./Scenario.ts"
import type { Server } from "./Server.ts"
import type { World } from "./World.ts"

const secondMs = 1_000

/** Whoever makes a call: for which tenant, under which name, with how much luck. */
export interface Person {
  readonly tenantId: TenantId
  readonly userId: string
  readonly luck: Stream
}

export class Clients {
  readonly #world: World
  readonly #server: Server
  readonly #habits: Scenario["clients"]
  readonly #watchers: ReadonlyArray<Watcher>
  #calls = 0
  #isHealing = false

  constructor(world: World, server: Server, habits: Scenario["clients"], watchers: ReadonlyArray<Watcher>) {
    this.#world = world
    this.#server = server
    this.#habits = habits
    this.#watchers = watchers
  }

  /** From now on callers ask until they know. */
  heal(): void {
    this.#isHealing = true
  }

  /** Share of callers who name the version that they have seen. */
  get expectVersion(): number {
    return this.#habits.expectVersion
  }

  /** Make a call; `done` hears the last answer, when the caller has one or has given up. */
  send(person: Person, call: Call, done: (answer: Answer) => void, expecting: Pick<Sent, "expectedVersion"> = {}): void {
    const { habits, luck } = { habits: this.#habits, luck: person.luck }
    const number = this.#calls++
    const hasKey = call.type !== "cancelMany" && happens(habits.withKey, luck)
    const { tenantId, userId } = person
    let attempts = 0
    const attempt = (): Sent => {
      const sent = { call, number, attempt: attempts++, tenantId, userId, ...expecting }
      return hasKey ? { ...sent, key: `call-${number}` } : sent
    }
    const isSafe = (answer: Answer) => isSafeToRepeat(call, hasKey, answer)

    const ask = (attemptsLeft: number, delaySeconds: number) =>
      this.#ask(attempt(), (answer) => {
        const isOver = answer.outcome !== "unavailable" && answer.outcome !== "unknown"
        const mayRepeat = attemptsLeft > 0 || this.#isHealing
        if (isOver || !mayRepeat || !isSafe(answer)) return done(answer)
        return this.#world.after(delaySeconds * secondMs, () => ask(attemptsLeft - 1, Math.min(delaySeconds * 2, 60)))
      })
    const first = () => ask(habits.retries, draw(habits.retryDelaySeconds, luck))

    const arrivesAfterMs = happens(habits.slow, luck) ? draw(habits.slowSeconds, luck) * secondMs : 0
    const isSentTwice = happens(habits.sentTwice, luck)
    if (arrivesAfterMs === 0 && !isSentTwice) return first()
    this.#world.after(arrivesAfterMs, first)
    // Nobody waits for the answer to the second one, and nobody repeats it.
    if (isSentTwice && isSafe(unknown)) this.#world.after(arrivesAfterMs, () => this.#ask(attempt(), () => undefined))
  }

  /** One attempt. The caller waits as long as it waits; the services may still be at work then. */
  #ask(sent: Sent, answered: (answer: Answer) => void): void {
    const sentAt = this.#world.now
    for (const watcher of this.#watchers) watcher.sent?.(sent, sentAt)
    let isWaiting = true
    const hear = (answer: Answer) => {
      if (!isWaiting) return
      isWaiting = false
      for (const watcher of this.#watchers) watcher.answered?.(sent, answer, sentAt, this.#world.now)
      answered(answer)
    }
    const giveUpLater = () => this.#world.at(sentAt + this.#habits.timeoutSeconds * secondMs, () => hear(unknown))
    // Where steps take no time, there is an answer at once unless the call waits for others.
    if (!this.#server.isInstant) giveUpLater()
    this.#server.handle(sent, hear, this.#server.isInstant ? giveUpLater : undefined)
  }
}

const unknown: Answer = { outcome: "unknown" }

/**
 * Placing again what may have been placed makes two orders of it, unless a key says that it is one; an own command may be accepted twice, too.
 * Every other call can be made once only.
 */
export const isSafeToRepeat = (call: Call, hasKey: boolean, answer: Answer): boolean =>
  !mayBeDoneTwice(call) || hasKey || answer.outcome === "unavailable"

export const mayBeDoneTwice = ({ type }: Pick<Call, "type">): boolean => type === "place" || type === "apply"
