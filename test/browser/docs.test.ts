/** The page that the service itself serves, `/docs`: it works under the policy that it is sent with, and asks no other machine. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type RunningServer, runServer } from "../support/runningServer.ts"
import { useBrowser, withPage } from "./browser.ts"

useBrowser()
let server: RunningServer
beforeAll(async () => void (server = await runServer()))
afterAll(() => server.close())

describe("the page of the API", () => {
  it("shows every operation, and asks the service that it describes", () =>
    withPage(
      async (page) => {
        await page.goto(`${server.url}/docs`)
        await page.getByText("Cancel an order").first().waitFor()
        await page.getByText("Create an order").first().waitFor()
        // A request that the page makes by itself goes to this service, and to no other.
        expect(await page.evaluate(async () => (await fetch("/health")).status)).toBe(200)
      },
      {},
      server.url
    ))
})
