import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { runContract } from "../support/runContract.ts"

runContract("memory", MemoryOrderStore.layer)
