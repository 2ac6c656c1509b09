/** The service on Node's own HTTP server, in this process, at a free port. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { App, type AppOptions } from "../../src/http/app.ts"
import * as nodeServer from "../../src/http/nodeServer.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { type Client, makeClient, quiet, servicesOver } from "../http/client.ts"

export interface RunningServer extends Client {
  readonly port: number
  readonly url: string
  readonly close: () => Promise<void>
}

export interface RunningOptions extends Partial<nodeServer.ServerOptions>, AppOptions {
  readonly store?: Layer.Layer<OrderStore>
}

export const runServer = async ({
  store = memoryStore,
  limits = {},
  ...options
}: RunningOptions = {}): Promise<RunningServer> => {
  const scope = Scope.makeUnsafe()
  const server = nodeServer
    .layer({ host: "127.0.0.1", port: 0, ...options })
    .pipe(Layer.provide(App.layer({ limits })), Layer.provide(servicesOver(store)), Layer.provide(quiet))
  const context = await Effect.runPromise(Layer.buildWithScope(server, scope))
  const { address } = Context.get(context, HttpServer.HttpServer)
  if (!("port" in address)) throw new Error("the server listens on no port")
  const { port } = address
  const url = `http://127.0.0.1:${port}`
  return { ...makeClient(fetch, url), port, url, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
