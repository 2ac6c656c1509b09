import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { runContract } from "../support/runContract.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

runContract("an embedded database", Layer.unwrap(Effect.map(temporaryFolder, EmbeddedOrderStore.layer)))
