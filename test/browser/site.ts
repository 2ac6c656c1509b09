/** The site, built as it is now and served on a free port of this machine for as long as the tests run. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { serve } from "vitepress"
import type { TestProject } from "vitest/node"
import { freePort } from "../support/freePort.ts"
import { findChromium } from "./chromium.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly siteUrl: string
    readonly chromiumPath: string
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url))

export default async function setup({ provide }: TestProject) {
  provide("chromiumPath", findChromium())
  execFileSync("npm", ["run", "--silent", "docs:build"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] })
  const port = await freePort()
  const { server } = await serve({ root: `${root}docs`, port })
  provide("siteUrl", `http://localhost:${port}`)
  return () => server?.close()
}
