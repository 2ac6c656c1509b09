import { postgresStore } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"

runContract("PostgreSQL", postgresStore)
