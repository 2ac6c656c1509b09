/** A journey as the part of a link after the `#`, and back. */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { carefulReader } from "../../../src/order/carefulReader.ts"
import { Journey, play } from "./journey.ts"

const readJourney = carefulReader(Journey)

export const toFragment = (journey: Journey): string => `#${Base64Url.encode(JSON.stringify(journey))}`

/** The journey of a link; a failure says in words what is wrong with it. A link without one has none. */
export const fromFragment = (fragment: string): Result.Result<Journey, string> | null => {
  const encoded = fragment.replace(/^#/, "")
  if (encoded === "") return null
  return Result.flatMap(
    Result.mapError(Base64Url.decodeString(encoded), () => "The link is damaged: it cannot be read."),
    (json) =>
      Result.try({
        try: () => {
          const journey = Result.getOrThrow(readJourney(JSON.parse(json)))
          play(journey)
          return journey
        },
        catch: () => "The link is damaged: what it holds is no journey of this page."
      })
  )
}
