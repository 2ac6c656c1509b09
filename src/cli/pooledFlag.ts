/** The flag for a database behind a pooler; the service's own setting, DATABASE_POOLED, counts where it is not given. */
import * as Config from "effect/Config"
import * as Flag from "effect/cli/Flag"

export const pooledFlag = Flag.Boolean("pooled").pipe(
  Flag.withDescription("A pooler in transaction mode (PgBouncer) stands before the database. Without it, DATABASE_POOLED counts"),
  Flag.withFallbackConfig(Config.Boolean("DATABASE_POOLED")),
  Flag.withDefault(false)
)
