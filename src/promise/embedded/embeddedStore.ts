/** Orders in a folder, kept by a PostgreSQL that runs inside this process. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as EmbeddedOrderStore from "../../embedded/EmbeddedOrderStore.ts"
import type { OrderStore } from "../../lifecycle/OrderStore.ts"
import { defaultSchema, SchemaNameOption } from "../../lifecycle/options.ts"
import { layerDigest } from "../../node/nodeDigest.ts"
import { NonEmptyText } from "../../order/Text.ts"
import { CannotOpen, optionReader } from "../errors.ts"

/** Where the embedded database keeps its files. */
export interface EmbeddedStoreOptions {
  /** Created when it is not there. One process at a time. */
  readonly folder: string
  /** The schema of that database that everything is in; `order_lifecycle` unless said otherwise. */
  readonly schema?: string | undefined
  /** Whether calls that come at the same time share statements: they do unless this is false. */
  readonly sharedStatements?: boolean | undefined
}

const readOptions = optionReader(
  Schema.Struct({
    folder: NonEmptyText,
    schema: Schema.optional(SchemaNameOption),
    sharedStatements: Schema.optional(Schema.Boolean)
  }),
  "strictly"
)

/**
 * The first time takes a few seconds. The folder survives a crash of the process, not of the machine: for trying things out, for tests and
 * for small things. Throws a `WrongOption`.
 */
export const embeddedStore = (options: EmbeddedStoreOptions): Layer.Layer<OrderStore, CannotOpen> => {
  const { folder, schema = defaultSchema, sharedStatements = true } = readOptions(options, "embeddedStore")
  return Layer.effectContext(
    Effect.mapError(
      Layer.build(
        Layer.provide(
          EmbeddedOrderStore.layer(folder, schema),
          Layer.succeed(EmbeddedOrderStore.SharesStatements, sharedStatements)
        )
      ),
      (cause) => new CannotOpen({ store: `The folder ${folder}`, cause })
    )
  ).pipe(Layer.merge(layerDigest))
}
