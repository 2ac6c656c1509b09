/** The flag for the schema that orders are in; the service's own setting, DATABASE_SCHEMA, counts where it is not given. */
import * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as Flag from "effect/cli/Flag"
import { defaultSchema, SchemaNameOption } from "../lifecycle/options.ts"

export const schemaFlag = Flag.String("schema").pipe(
  Flag.withDescription(
    `The schema in the database that orders are in. Without it, DATABASE_SCHEMA counts, and then ${defaultSchema}`
  ),
  Flag.withFallbackConfig(Config.String("DATABASE_SCHEMA")),
  Flag.withDefault(defaultSchema),
  Flag.filter(
    Schema.is(SchemaNameOption),
    (given) => `${JSON.stringify(given)} is no name of a schema: small letters, digits and _`
  )
)
