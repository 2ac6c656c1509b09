import { runContract } from "../support/runContract.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"

runContract("an embedded database", embeddedStore)
