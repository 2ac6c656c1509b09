/** What happened in a run, as one number: two runs with the same trace gave the same answers and committed the same changes. */
import type { Change } from "../lifecycle/OrderStore.ts"
import { type Answer, requestIdOf, type Sent, type Watcher } from "./Call.ts"

export class Trace implements Watcher {
  #high = 0x811c9dc5
  #low = 0x1b873593

  /** Sixteen hex digits. */
  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("")
  }

  readonly committed = (change: Change, now: number): void => {
    // The hash of the event stands for all that is in it, and for everything before it.
    this.#add(change.sealed.hash)
    this.#add(`${now}`)
  }

  readonly answered = (sent: Sent, answer: Answer, _: number, now: number): void => {
    this.#add(`${requestIdOf(sent)} ${wordFor(answer)} ${now}`)
  }

  #add(text: string): void {
    let [high, low] = [this.#high, this.#low]
    for (let i = 0; i < text.length; i++) {
      high = Math.imul(high ^ text.charCodeAt(i), 0x01000193)
      low = Math.imul((low << 13) ^ (low >>> 19) ^ text.charCodeAt(i), 0x85ebca6b)
    }
    this.#high = high
    this.#low = low
  }
}

/** An answer in a word or two. */
export const wordFor = (answer: Answer): string => {
  switch (answer.outcome) {
    case "accepted":
      return `accepted (version ${answer.transition.after.version})`
    case "refused":
      return answer.refusal.code
    case "many":
      return `accepted ${answer.outcomes.filter(({ outcome }) => outcome._tag === "Success").length} of ${answer.outcomes.length}`
    case "unavailable":
    case "unknown":
    case "died":
      return answer.outcome
  }
}
