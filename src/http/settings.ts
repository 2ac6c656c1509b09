/**
 * The settings of the service, read from the environment and checked before anything starts. What is wrong with one is said in a line
 * that names it, down to the place within it, and that repeats nothing of what it holds. Source: decisions.md, section 4.
 */
import { readFile } from "node:fs/promises"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { defaultSchema, PartitionsOption, SchemaNameOption } from "../lifecycle/options.ts"
import { type AssetRegistryOption, assetRegistryOptions } from "../lifecycle/OrderLifecycle.ts"
import { decimalsForNewAmounts, MinorUnits, toMinor } from "../order/Money.ts"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { type ContractEnding, contractEndings } from "../order/contractEnds.ts"
import { readDuration } from "../order/durationText.ts"
import { ContractLength, type Sku, TenantId } from "../order/Order.ts"
import { NewSku, type Variant } from "../order/commands/priceLines.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../order/policies/index.ts"
import { reader } from "../order/readInput.ts"
import type { InputFault, InvalidInput } from "../order/commonRefusals.ts"
import { asNewIdentifier, Name, NonEmptyText, Text } from "../order/Text.ts"
import { type ApiKey, KeyRole } from "./ApiKeys.ts"
import { demoCatalogue } from "./demoCatalogue.ts"

/**
 * Every setting there is: what it means, an example, and the value it has when it is not set, or what happens then. Nothing that does not
 * stand here can be read; the pages about settings are drawn from it.
 */
export const settings = {
  PORT: { meaning: "the port that the service listens on; 0 takes any free one", example: "8080", default: "3000" },
  HOST: { meaning: "the address that the service listens on", example: "0.0.0.0", default: "127.0.0.1" },
  DATABASE_URL: {
    meaning: "the PostgreSQL to use",
    example: "postgres://user:password@host:5432/database",
    unset: "the embedded one"
  },
  DATABASE_POOLED: {
    meaning:
      "`yes` when a pooler in transaction mode (PgBouncer) stands before the PostgreSQL; the limits of time are then those of the role",
    example: "yes",
    default: "no"
  },
  DATABASE_SCHEMA: {
    meaning: "the schema in the database that everything is in: small letters, digits and `_`, so that it can share the database",
    example: "orders_eu",
    default: defaultSchema
  },
  DATABASE_PARTITIONS: {
    meaning: "in how many parts, by the hash of the tenant, the tables of a new store on PostgreSQL are made: 2 to 128",
    example: "8",
    unset: "whole tables, or as many parts as the store has"
  },
  DATA_DIR: {
    meaning: "the embedded database's folder; one process at a time",
    example: "/var/lib/order-lifecycle",
    default: "./data"
  },
  API_KEYS: {
    meaning:
      'who may call, as JSON: `[{"key", "userId", "tenants": ["…"], "role"?, "email"?, "displayName"?}]`; the role `read-only` may only read',
    example: '[{"key":"s3cret","userId":"ada","tenants":["demo"],"role":"read-only"}]',
    unset: "on loopback: `dev-key` for the tenant `demo`, with a warning; elsewhere it must be set"
  },
  CATALOGUE_FILE: {
    meaning:
      'what can be ordered, a file of JSON: `[{"sku", "productName", "status": "active" or "inactive", "currency", "pricing": [{"contractLength", "monthlyPrice"}]}]`',
    example: "catalogue.json",
    unset: "a demo catalogue"
  },
  CANCELLATION_POLICY: {
    meaning: `until when an order can be cancelled: ${cancellationPolicyNames.map((name) => `\`${name}\``).join(" or ")}`,
    example: "beforeFulfilment",
    default: "noActiveSubscriptions"
  },
  PENDING_EXPIRES_AFTER: {
    meaning:
      "after how long an order that is still pending is cancelled: an ISO 8601 duration of weeks, days (of 24 hours), hours, minutes and seconds; holds for orders that are placed while it is set",
    example: "P2D",
    unset: "orders stay pending"
  },
  WHEN_CONTRACT_ENDS: {
    meaning:
      "what becomes of a subscription when its contract ends: `require_action` nothing, `auto_terminate` it is completed, `auto_renew_monthly` and `auto_renew_same_term` it is extended, by a month or by the months that it had at first, up to 120 in all; asked when the contract ends",
    example: "auto_renew_monthly",
    default: "require_action"
  },
  ASSET_REGISTRY: {
    meaning:
      "`on` when a subscription needs an asset that is registered and available, and commands move it; `off` when any serial number may be rented and nothing is moved. Assets can be registered either way",
    example: "on",
    default: "off"
  }
} as const satisfies Record<
  string,
  { readonly meaning: string; readonly example: string } & ({ readonly default: string } | { readonly unset: string })
>
export type SettingName = keyof typeof settings

/** A setting that cannot be used. */
export class WrongSetting extends Schema.TaggedError<WrongSetting>()("WrongSetting", {
  setting: Schema.Literals(Object.keys(settings) as ReadonlyArray<SettingName>),
  fault: Schema.String
}) {
  override get message() {
    return `${this.setting}: ${this.fault}`
  }
}

export interface Settings {
  readonly host: string
  readonly port: number
  /** PostgreSQL to use; without one, an embedded database in `dataFolder`. */
  readonly databaseUrl: Redacted.Redacted | undefined
  /** A pooler in transaction mode stands before the PostgreSQL. */
  readonly isPooled: boolean
  /** The schema in the database, the embedded one as well. */
  readonly schema: string
  /** In how many parts a new store on PostgreSQL is made. */
  readonly partitions: number | undefined
  readonly dataFolder: string
  readonly apiKeys: ReadonlyArray<ApiKey>
  /** Whether `apiKeys` is the one key that everybody knows. */
  readonly isDevelopment: boolean
  readonly variants: ReadonlyArray<Variant>
  readonly cancellationPolicy: CancellationPolicy
  /** A duration that can be read. */
  readonly pendingExpiresAfter: string | undefined
  readonly whenContractEnds: ContractEnding
  readonly assetRegistry: AssetRegistryOption
}

/** The key that opens a service on one's own machine. */
export const developmentKey = "dev-key"

// --- one setting at a time ---------------------------------------------------------------------------------------------------------

const wrong = (setting: SettingName, fault: string) => new WrongSetting({ setting, fault })

/** A setting as text. An empty one counts as not set. */
const text = (setting: SettingName): Effect.Effect<string | undefined, WrongSetting> =>
  Config.option(Config.String(setting)).pipe(
    Effect.map((value) => Option.getOrUndefined(Option.filter(value, (given) => given !== ""))),
    Effect.mapError(() => wrong(setting, "cannot be read"))
  )

/** All that is wrong, in one line: `[0].tenants: is required`. */
const describeFaults = (faults: ReadonlyArray<InputFault>): string =>
  faults.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")

const checked = <A>(setting: SettingName, read: Result.Result<A, InvalidInput>): Effect.Effect<A, WrongSetting> =>
  Effect.fromResult(Result.mapError(read, ({ details }) => wrong(setting, describeFaults(details))))

const parseJson = (setting: SettingName, json: string): Effect.Effect<unknown, WrongSetting> =>
  Effect.try({ try: () => JSON.parse(json) as unknown, catch: () => wrong(setting, "must be valid JSON") })

const readPort = Effect.fnUntraced(function* () {
  const given = (yield* text("PORT")) ?? settings.PORT.default
  if (!/^[0-9]{1,5}$/.test(given) || Number(given) > 65_535) return yield* wrong("PORT", "must be a whole number from 0 to 65535")
  return Number(given)
})

const readDatabaseUrl = Effect.fnUntraced(function* () {
  const given = yield* text("DATABASE_URL")
  if (given === undefined) return undefined
  const url = URL.parse(given)
  if (url === null || (url.protocol !== "postgres:" && url.protocol !== "postgresql:") || url.hostname === "") {
    return yield* wrong("DATABASE_URL", `must be a URL like ${settings.DATABASE_URL.example}`)
  }
  return Redacted.make(given)
})

const readPooled = Effect.fnUntraced(function* () {
  const given = (yield* text("DATABASE_POOLED")) ?? settings.DATABASE_POOLED.default
  if (given !== "yes" && given !== "no") return yield* wrong("DATABASE_POOLED", "must be one of: yes, no")
  return given === "yes"
})

const readSchemaName = reader(SchemaNameOption)
const readSchema = Effect.fnUntraced(function* () {
  return yield* checked("DATABASE_SCHEMA", readSchemaName((yield* text("DATABASE_SCHEMA")) ?? settings.DATABASE_SCHEMA.default))
})

const readParts = reader(PartitionsOption)
const readPartitions = Effect.fnUntraced(function* () {
  const given = yield* text("DATABASE_PARTITIONS")
  if (given === undefined) return undefined
  // Digits only: what else JavaScript takes for a number is none here.
  return yield* checked("DATABASE_PARTITIONS", readParts(/^\d+$/.test(given) ? Number(given) : Number.NaN))
})

const readPolicy = Effect.fnUntraced(function* () {
  const given = (yield* text("CANCELLATION_POLICY")) ?? settings.CANCELLATION_POLICY.default
  const policy = cancellationPolicyNames.find((each) => each === given)
  return policy ?? (yield* wrong("CANCELLATION_POLICY", `must be one of: ${cancellationPolicyNames.join(", ")}`))
})

// --- API keys ----------------------------------------------------------------------------------------------------------------------

/** What can be sent in a header, and is not taken for two values. */
const sendable = (what: string) =>
  Schema.isPattern(/^[\x21-\x2b\x2d-\x7e]+$/, {
    message: `must be ${what} of printable ASCII characters, without space or comma`
  })

const ApiKeyEntry = Schema.Struct({
  key: Text.check(sendable("a key")),
  userId: Name.check(asNewIdentifier()),
  tenants: Schema.NonEmptyArray(TenantId.check(sendable("a name"))),
  role: Schema.optionalKey(KeyRole),
  email: Schema.optionalKey(Text),
  displayName: Schema.optionalKey(Text)
})
const readApiKeyEntries = reader(Schema.NonEmptyArray(ApiKeyEntry))

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host)

const developmentKeys: ReadonlyArray<ApiKey> = [
  { key: Redacted.make(developmentKey), actor: { userId: "developer" }, tenants: [TenantId.make("demo")] }
]

const readApiKeys = Effect.fnUntraced(function* (host: string) {
  const given = yield* text("API_KEYS")
  if (given === undefined) {
    if (isLoopback(host)) return developmentKeys
    return yield* wrong("API_KEYS", `must be set when HOST is not a loopback address (HOST is ${JSON.stringify(host)})`)
  }
  const entries = yield* checked("API_KEYS", readApiKeyEntries(yield* parseJson("API_KEYS", given)))
  const repeated = entries.findIndex(({ key }, index) => entries.findIndex((entry) => entry.key === key) < index)
  if (repeated >= 0) return yield* wrong("API_KEYS", `[${repeated}].key: is in the list already`)
  return entries.map(({ key, tenants, ...actor }): ApiKey => ({ key: Redacted.make(key), tenants, actor }))
})

// --- catalogue ---------------------------------------------------------------------------------------------------------------------

const CatalogueEntry = Schema.Struct({
  sku: NewSku,
  productName: NonEmptyText,
  status: Schema.Literals(["active", "inactive"]),
  currency: CurrencyForNewAmounts,
  pricing: Schema.NonEmptyArray(
    Schema.Struct({
      contractLength: ContractLength,
      /** Major units. */
      monthlyPrice: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
    })
  )
})
export type CatalogueEntry = typeof CatalogueEntry.Type
const readCatalogueEntries = reader(Schema.Array(CatalogueEntry))

const isMinorUnits = Schema.is(MinorUnits)

/** Entries as variants; an entry's second price for one length, a price no coin can pay and a second entry of one SKU are faults. */
const toVariants = (entries: ReadonlyArray<CatalogueEntry>): Result.Result<ReadonlyArray<Variant>, string> => {
  const indexBySku = new Map<Sku, number>()
  const variants: Array<Variant> = []
  for (const [index, { sku, productName, status, currency, pricing }] of entries.entries()) {
    const first = indexBySku.get(sku)
    if (first !== undefined) return Result.fail(`[${index}].sku: is the same as [${first}].sku`)
    indexBySku.set(sku, index)
    const prices = new Map<number, number>()
    for (const [position, { contractLength, monthlyPrice }] of pricing.entries()) {
      const path = `[${index}].pricing[${position}]`
      const minor = toMinor(monthlyPrice, decimalsForNewAmounts(currency))
      if (minor === undefined) return Result.fail(`${path}.monthlyPrice: has more decimals than ${currency} has`)
      if (!isMinorUnits(minor)) return Result.fail(`${path}.monthlyPrice: is too large`)
      if (prices.has(contractLength)) return Result.fail(`${path}.contractLength: is priced already`)
      prices.set(contractLength, minor)
    }
    variants.push({
      sku,
      productName,
      isActive: status === "active",
      currency,
      pricing: Array.from(prices, ([contractLength, monthlyPrice]) => ({ contractLength, monthlyPrice }))
    })
  }
  return Result.succeed(variants)
}

const readCatalogue = Effect.fnUntraced(function* () {
  const file = yield* text("CATALOGUE_FILE")
  const json = yield* file === undefined
    ? Effect.succeed(demoCatalogue)
    : Effect.flatMap(
        Effect.tryPromise({
          try: () => readFile(file, "utf8"),
          catch: () => wrong("CATALOGUE_FILE", `cannot be read: ${JSON.stringify(file)}`)
        }),
        (content) => parseJson("CATALOGUE_FILE", content)
      )
  const entries = yield* checked("CATALOGUE_FILE", readCatalogueEntries(json))
  return yield* Effect.fromResult(Result.mapError(toVariants(entries), (fault) => wrong("CATALOGUE_FILE", fault)))
})

const readWhenContractEnds = Effect.fnUntraced(function* () {
  const given = (yield* text("WHEN_CONTRACT_ENDS")) ?? settings.WHEN_CONTRACT_ENDS.default
  const ending = contractEndings.find((each) => each === given)
  return ending ?? (yield* wrong("WHEN_CONTRACT_ENDS", `must be one of ${contractEndings.join(", ")}`))
})

const readPendingExpiresAfter = Effect.fnUntraced(function* () {
  const given = yield* text("PENDING_EXPIRES_AFTER")
  if (given !== undefined)
    yield* Effect.fromResult(Result.mapError(readDuration(given), (fault) => wrong("PENDING_EXPIRES_AFTER", fault)))
  return given
})

const readAssetRegistry = Effect.fnUntraced(function* () {
  const given = (yield* text("ASSET_REGISTRY")) ?? settings.ASSET_REGISTRY.default
  const option = assetRegistryOptions.find((each) => each === given)
  return option ?? (yield* wrong("ASSET_REGISTRY", `must be ${assetRegistryOptions.join(" or ")}`))
})

// --- names that are no settings ----------------------------------------------------------------------------------------------------

/** A name in the environment that no setting has, and the setting that it looks like. */
export interface Lookalike {
  readonly name: string
  readonly setting: SettingName
}

/**
 * The names that are probably a setting written wrongly: a setting's name in other capitals, or with a letter or two wrong, left out, added
 * or swapped with its neighbour. Of a short name only one may be wrong, so that `HOME` is not taken for `HOST`.
 */
export const lookalikes = (names: Iterable<string>): ReadonlyArray<Lookalike> => {
  const known = Object.keys(settings) as ReadonlyArray<SettingName>
  return Array.from(names).flatMap((name) => {
    if (name in settings) return []
    const written = name.toUpperCase().replaceAll("-", "_")
    const setting = known.find((each) => distance(written, each) <= (each.length <= 5 ? 1 : 2))
    return setting === undefined ? [] : { name, setting }
  })
}

/** How many letters have to be changed, added, left out or swapped with the next one to get from `a` to `b`. */
const distance = (a: string, b: string): number => {
  // Names that long are never alike, and this takes time in their product.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY
  const rows: Array<Array<number>> = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= a.length; row++) {
    rows.push([row])
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
        )
      )
    }
  }
  return at(a.length, b.length)
}

// --- all of them -------------------------------------------------------------------------------------------------------------------

/** Read all settings, or say what is wrong with the first that cannot be used. */
export const readSettings: Effect.Effect<Settings, WrongSetting> = Effect.gen(function* () {
  const host = (yield* text("HOST")) ?? settings.HOST.default
  const apiKeys = yield* readApiKeys(host)
  return {
    host,
    port: yield* readPort(),
    databaseUrl: yield* readDatabaseUrl(),
    isPooled: yield* readPooled(),
    schema: yield* readSchema(),
    partitions: yield* readPartitions(),
    dataFolder: (yield* text("DATA_DIR")) ?? settings.DATA_DIR.default,
    apiKeys,
    isDevelopment: apiKeys === developmentKeys,
    variants: yield* readCatalogue(),
    cancellationPolicy: yield* readPolicy(),
    pendingExpiresAfter: yield* readPendingExpiresAfter(),
    whenContractEnds: yield* readWhenContractEnds(),
    assetRegistry: yield* readAssetRegistry()
  }
})
