/** Events as a database would have them. A module of its own, because the page loads it when they are looked at. */
import { seal, type SealedEvent } from "../../../src/order/auditChain.ts"
import { portableDigest } from "../../../src/order/digest.ts"
import type { Played } from "./journey.ts"

/** The salt of a step. In the library it is random; here a link has to give the same one again. */
const saltOf = (step: number): string => portableDigest.sha256(`salt of step ${step}`)

/** The events of what was played, each sealed behind the one before it. */
export const sealedOf = ({ events }: Played): ReadonlyArray<SealedEvent> => {
  const sealed: Array<SealedEvent> = []
  for (const each of events) {
    sealed.push("step" in each ? seal(each.event, sealed.at(-1)?.hash ?? null, saltOf(each.step)) : each)
  }
  return sealed
}
