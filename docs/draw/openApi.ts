/** `docs/public/openapi.json`: the OpenAPI document, as the service serves it. */
import { withShop } from "./shop.ts"

/** The document as it is served under `/openapi.json`. */
export const servedOpenApi = (): Promise<unknown> =>
  withShop(async ({ call }) => (await call("openApi", "GET", "/openapi.json")).body)

/** The page: the same document, a member on a line. */
export const drawOpenApi = async (): Promise<string> => `${JSON.stringify(await servedOpenApi(), null, 2)}\n`
