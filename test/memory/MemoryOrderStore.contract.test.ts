import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { runContract } from "../support/runContract.ts"

runContract("memory", MemoryOrderStore.layer)

// Every order but one rests, so that whatever is asked of it is asked of its events.
runContract("memory whose orders rest", MemoryOrderStore.layerAwake(1))
