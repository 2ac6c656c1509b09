/** The service for somebody's own server: as routes of an Effect `HttpRouter`, or as a web handler. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import { App, type AppOptions, type AppServices } from "./app.ts"
import { documentPaths } from "./documents.ts"

/**
 * Everything under `/v1`, with `/health`, `/openapi.json` and `/docs`, as routes of a router. Whatever the router may be configured to, what
 * is under those paths is decided by this service alone.
 */
export const layer = (options?: AppOptions): Layer.Layer<never, never, HttpRouter.HttpRouter | AppServices> =>
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const app = yield* App
      for (const path of ["/v1/*", "/health", ...documentPaths] as const) yield* router.add("*", path, app)
    })
  ).pipe(Layer.provide(App.layer(options)))

/** The service as a function from `Request` to `Response`; it logs where `services` say. `dispose` ends it. */
export const toWebHandler = <E>(
  services: Layer.Layer<AppServices, E>,
  options?: AppOptions
): { readonly handler: (request: Request) => Promise<Response>; readonly dispose: () => Promise<void> } =>
  HttpEffect.toWebHandlerLayerWith(Layer.provideMerge(App.layer(options), services), {
    toHandler: (context) => Effect.succeed(Context.get(context, App))
  })
