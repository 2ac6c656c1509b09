/** Whose SHA-256 the services use: the portable one, unless the surroundings provide a faster one (`order-lifecycle/node`). */
import * as Context from "effect/Context"
import { type Digest, portableDigest } from "../order/digest.ts"

export const CurrentDigest = Context.Reference<Digest>("order-lifecycle/CurrentDigest", { defaultValue: () => portableDigest })
