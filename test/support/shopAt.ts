/** The services on a PostgreSQL at an address: as many as one likes beside each other, in this process or in others. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { shopOver } from "./world.ts"

/** What the sessions of the services are called: those that look from beside are not. */
export const applicationName = "the services under test"

/** The services on connections of their own, which are made when they are needed. */
export const shopAt = (url: string, { maxConnections = 8, process }: { maxConnections?: number; process?: OrderProcess } = {}) =>
  Layer.build(
    // Fresh: the tests of a file share one set of services, and this is another.
    Layer.fresh(shopOver(PostgresOrderStore.layer, process && { process })).pipe(
      Layer.provideMerge(
        Layer.fresh(
          PgClient.layer({
            url: Redacted.make(url),
            connectTimeout: hangMs,
            maxConnections,
            applicationName,
            startupParameters: patientSettings
          })
        )
      )
    )
  )
