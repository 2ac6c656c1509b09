/** Every setting of the service: what it may be, what it is when it is not set, and what is said when it is wrong. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { inspect } from "node:util"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { lookalikes, readSettings, settings } from "../../src/http/settings.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const read = (env: Record<string, string>) =>
  Effect.provideService(readSettings, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

const settingsOf = (env: Record<string, string>) => Effect.runPromise(read(env))
const faultOf = async (env: Record<string, string>) => (await Effect.runPromise(Effect.flip(read(env)))).message

/** The fault in a catalogue of this content. */
const catalogueFault = (content: unknown) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const file = join(yield* temporaryFolder, "catalogue.json")
        yield* Effect.promise(() => writeFile(file, typeof content === "string" ? content : JSON.stringify(content)))
        return (yield* Effect.flip(read({ CATALOGUE_FILE: file }))).message
      })
    )
  )

describe("without settings", () => {
  it("the service listens on this machine only, keeps its data in a folder and sells the demo catalogue", async () => {
    const { variants, apiKeys, ...others } = await settingsOf({})
    expect(others).toEqual({
      host: "127.0.0.1",
      port: 3000,
      databaseUrl: undefined,
      dataFolder: "./data",
      isDevelopment: true,
      isPooled: false,
      schema: "order_lifecycle",
      partitions: undefined,
      whenContractEnds: "require_action",
      cancellationPolicy: "noActiveSubscriptions",
      assetRegistry: "off"
    })
    expect(apiKeys.map(({ key, ...key_ }) => ({ key: Redacted.value(key), ...key_ }))).toEqual([
      { key: "dev-key", actor: { userId: "developer" }, tenants: ["demo"] }
    ])
    expect(variants.map(({ sku, isActive, pricing }) => [sku, isActive, pricing.length, pricing[0]])).toEqual([
      ["MACBOOK-PRO-16-M3", true, 3, { contractLength: 12, monthlyPrice: 11_900 }],
      ["DELL-U2722D-MONITOR", true, 3, { contractLength: 12, monthlyPrice: 2_900 }],
      ["EBIKE-CITY-500", true, 3, { contractLength: 12, monthlyPrice: 9_900 }],
      ["DESK-CHAIR-PRO", true, 3, { contractLength: 6, monthlyPrice: 2_500 }],
      ["IPHONE-12", false, 1, { contractLength: 12, monthlyPrice: 2_500 }]
    ])
  })

  it("an empty setting counts as none", async () => {
    const all = { PORT: "", HOST: "", DATABASE_URL: "", DATA_DIR: "", API_KEYS: "", CATALOGUE_FILE: "", CANCELLATION_POLICY: "" }
    expect(await settingsOf(all)).toMatchObject({ host: "127.0.0.1", port: 3000, isDevelopment: true })
  })
})

describe("what is said about the settings", () => {
  it("is said of every setting that is read, and of no other", async () => {
    const asked = new Set<string>()
    const recording = ConfigProvider.make((path) => Effect.sync(() => void asked.add(path.join("."))))
    await Effect.runPromise(Effect.provideService(readSettings, ConfigProvider.ConfigProvider, recording))
    expect([...asked].toSorted()).toEqual(Object.keys(settings).toSorted())
  })

  it.each(Object.entries(settings).flatMap(([name, setting]) => ("default" in setting ? [[name, setting.default]] : [])))(
    "%s is %s when it is not set",
    async (name, value) => expect(await settingsOf({ [name]: value })).toEqual(await settingsOf({}))
  )
})

describe("a name that is no setting", () => {
  it.each([
    ["PROT", "PORT"],
    ["POTR", "PORT"],
    ["PORTS", "PORT"],
    ["port", "PORT"],
    ["Host", "HOST"],
    ["HOTS", "HOST"],
    ["API_KEY", "API_KEYS"],
    ["APIKEYS", "API_KEYS"],
    ["api-keys", "API_KEYS"],
    ["DATABASE_URI", "DATABASE_URL"],
    ["DATABSE_URL", "DATABASE_URL"],
    ["DATA_DIRS", "DATA_DIR"],
    ["CATALOG_FILE", "CATALOGUE_FILE"],
    ["CANCELATION_POLICY", "CANCELLATION_POLICY"]
  ])("%s looks like %s", (name, setting) => expect(lookalikes(["PORT", name])).toEqual([{ name, setting }]))

  // What shells, containers, hosting services and CI set; and every setting itself.
  const common = `HOME HOSTNAME HOSTTYPE PATH PWD OLDPWD SHELL TERM USER LANG LC_ALL TZ TMPDIR EDITOR MAIL LOGNAME SHLVL _ NODE_ENV
    NODE_OPTIONS NODE_PATH npm_config_cache npm_package_name npm_lifecycle_event INIT_CWD CI DEBUG LOG_LEVEL VERSION PROXY HTTP_PROXY
    HTTPS_PROXY NO_PROXY ALL_PROXY PGHOST PGPORT PGUSER PGDATABASE PGDATA PGPASSWORD POSTGRES_USER POSTGRES_DB DB_HOST DB_PORT DB_URL
    REDIS_URL APP_HOST APP_PORT HTTP_PORT HTTPS_PORT SSH_TTY SSH_AUTH_SOCK XDG_DATA_DIRS XDG_DATA_HOME XDG_RUNTIME_DIR DISPLAY COLUMNS
    LINES PS1 IFS DYNO PORTAL KUBERNETES_PORT KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT ORDERS_PORT DOCKER_HOST COMPOSE_FILE ENV
    SECRET_KEY API_URL API_TOKEN PAGER LESS SYSTEMROOT WINDIR COMSPEC PATHEXT TEMP OS APPDATA LOCALAPPDATA PROGRAMFILES PROMPT`
  it.each(common.split(/\s+/))("%s is taken for none", (name) => expect(lookalikes([name])).toEqual([]))

  it("is not the name of a setting", () => expect(lookalikes(Object.keys(settings))).toEqual([]))
})

const key = { key: "k-1", userId: "ada", tenants: ["demo"] }

describe("a setting", () => {
  it("is taken as it is", async () => {
    const settings = await settingsOf({
      PORT: "0",
      HOST: "0.0.0.0",
      DATABASE_URL: "postgresql://user:password@db.test:5432/orders",
      DATABASE_SCHEMA: "orders_eu",
      DATABASE_PARTITIONS: "8",
      DATA_DIR: "/elsewhere",
      API_KEYS: JSON.stringify([{ ...key, role: "admin", email: "a@example.com", displayName: "Ada", more: 1 }]),
      CANCELLATION_POLICY: "beforeFulfilment",
      PENDING_EXPIRES_AFTER: "P2DT12H",
      ASSET_REGISTRY: "on"
    })
    expect(settings).toMatchObject({
      port: 0,
      host: "0.0.0.0",
      schema: "orders_eu",
      partitions: 8,
      dataFolder: "/elsewhere",
      cancellationPolicy: "beforeFulfilment",
      pendingExpiresAfter: "P2DT12H",
      assetRegistry: "on",
      isDevelopment: false
    })
    expect(settings.apiKeys[0]).toMatchObject({
      actor: { userId: "ada", role: "admin", email: "a@example.com", displayName: "Ada" },
      tenants: ["demo"]
    })
    const shown = JSON.stringify(settings) + inspect(settings, { depth: 10 })
    expect(shown).not.toContain("password")
    expect(shown).not.toContain("k-1")
  })

  it.each(["localhost", "127.0.0.1", "127.1.2.3", "::1"])("HOST %s needs no keys of one's own", async (HOST) => {
    expect(await settingsOf({ HOST })).toMatchObject({ isDevelopment: true })
  })

  it.each([
    ["PORT", { PORT: "http" }, "from 0 to 65535"],
    ["PORT", { PORT: "65536" }, "from 0 to 65535"],
    ["PORT", { PORT: "-1" }, "from 0 to 65535"],
    ["PORT", { PORT: "3000.5" }, "from 0 to 65535"],
    ["PORT", { PORT: "0x50" }, "from 0 to 65535"],
    ["PORT", { PORT: " " }, "from 0 to 65535"],
    [
      "API_KEYS",
      { API_KEYS: JSON.stringify([{ key: "k", userId: "ada", tenants: ["demo"], role: "readonly" }]) },
      '[0].role: must be "read-only", to the letter'
    ],
    ["API_KEYS", { HOST: "0.0.0.0" }, "must be set when HOST is not a loopback address"],
    ["API_KEYS", { HOST: "::" }, "must be set"],
    ["API_KEYS", { HOST: "orders.example.com" }, "must be set"],
    ["API_KEYS", { HOST: "127.example.com" }, "must be set"],
    ["API_KEYS", { API_KEYS: "k-1" }, "must be valid JSON"],
    ["API_KEYS", { API_KEYS: "{}" }, ""],
    ["API_KEYS", { API_KEYS: "[]" }, ""],
    ["API_KEYS", { API_KEYS: "[1]" }, "[0]: "],
    ["API_KEYS", { API_KEYS: JSON.stringify([key, { key: "k-2" }]) }, "[1].userId: is required; [1].tenants: is required"],
    ["API_KEYS", { API_KEYS: JSON.stringify([{ ...key, tenants: [] }]) }, "[0].tenants"],
    ["API_KEYS", { API_KEYS: JSON.stringify([{ ...key, tenants: ["a,b"] }]) }, "[0].tenants[0]: must be a name"],
    ["API_KEYS", { API_KEYS: JSON.stringify([{ ...key, key: "two words" }]) }, "[0].key: must be a key"],
    ["API_KEYS", { API_KEYS: JSON.stringify([key, { ...key, userId: "eve" }]) }, "[1].key: is in the list already"],
    ["DATABASE_URL", { DATABASE_URL: "mysql://user:s3cret@db.test/orders" }, "must be a URL like postgres://"],
    ["DATABASE_URL", { DATABASE_URL: "db.test:5432" }, "must be a URL like postgres://"],
    ["DATABASE_URL", { DATABASE_URL: "postgres:///orders" }, "must be a URL like postgres://"],
    ["DATABASE_SCHEMA", { DATABASE_SCHEMA: "pg_orders" }, "none of the server's own schemas"],
    ["DATABASE_SCHEMA", { DATABASE_SCHEMA: "orders; DROP" }, "must be 1 to 63 small letters, digits and _"],
    ["DATABASE_PARTITIONS", { DATABASE_PARTITIONS: "0" }, "must be a whole number from 2 to 128"],
    ["DATABASE_PARTITIONS", { DATABASE_PARTITIONS: "1.5" }, "must be a whole number from 2 to 128"],
    ["DATABASE_PARTITIONS", { DATABASE_PARTITIONS: "10000" }, "must be a whole number from 2 to 128"],
    ["DATABASE_PARTITIONS", { DATABASE_PARTITIONS: "0x8" }, "must be a whole number from 2 to 128"],
    ["CANCELLATION_POLICY", { CANCELLATION_POLICY: "never" }, "must be one of: noActiveSubscriptions, beforeFulfilment"],
    ["CANCELLATION_POLICY", { CANCELLATION_POLICY: "toString" }, "must be one of"],
    ["PENDING_EXPIRES_AFTER", { PENDING_EXPIRES_AFTER: "P1M" }, "months and years are not always equally long"],
    ["PENDING_EXPIRES_AFTER", { PENDING_EXPIRES_AFTER: "two days" }, "must be an ISO 8601 duration"],
    ["ASSET_REGISTRY", { ASSET_REGISTRY: "yes" }, "must be off or on"],
    ["CATALOGUE_FILE", { CATALOGUE_FILE: "/nowhere/catalogue.json" }, "cannot be read"]
  ] as const)("that is wrong is named in one line, without what it holds: %s %j", async (setting, env, words) => {
    const fault = await faultOf(env)
    expect(fault).toMatch(new RegExp(`^${setting}: [^\\n]+$`))
    expect(fault).toContain(words)
    expect(fault).not.toMatch(/s3cret|k-[12]|two words/)
  })
})

describe("a catalogue", () => {
  const entry = {
    sku: "A",
    productName: "A",
    status: "active",
    currency: "EUR",
    pricing: [{ contractLength: 12, monthlyPrice: 1.5 }]
  }
  const priced = (price: unknown, currency = "EUR", contractLength: unknown = 12) => [
    { ...entry, currency, pricing: [{ contractLength, monthlyPrice: price }] }
  ]

  it.each([
    ["[", "must be valid JSON"],
    [{}, ""],
    [[{}], "[0].sku: is required"],
    [[entry, { ...entry, sku: "" }], "[1].sku: "],
    [[entry, { ...entry, sku: "B" }, entry], "[2].sku: is the same as [0].sku"],
    [[{ ...entry, status: "sold" }], "[0].status: "],
    [[{ ...entry, currency: "euro" }], "[0].currency: must be a currency code"],
    [[{ ...entry, pricing: [] }], "[0].pricing"],
    [priced(0.001), "[0].pricing[0].monthlyPrice: has more decimals than EUR has"],
    [priced(10.5, "JPY"), "[0].pricing[0].monthlyPrice: has more decimals than JPY has"],
    [priced(-1), "[0].pricing[0].monthlyPrice: "],
    [priced("1"), "[0].pricing[0].monthlyPrice: "],
    [priced(1e12), "[0].pricing[0].monthlyPrice: is too large"],
    [priced(1, "EUR", 0), "[0].pricing[0].contractLength: "],
    [[{ ...entry, pricing: [...entry.pricing, ...entry.pricing] }], "[0].pricing[1].contractLength: is priced already"]
  ])("that is wrong is refused with the place in it: %j", async (content, words) => {
    const fault = await catalogueFault(content)
    expect(fault).toMatch(/^CATALOGUE_FILE: [^\n]+$/)
    expect(fault).toContain(words)
  })
})
