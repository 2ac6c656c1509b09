/** `npm run docs:draw`: writes whatever is stale of what is drawn from the code, and says which pages those were. */
import { fileURLToPath } from "node:url"
import { mend } from "./page.ts"
import { pages } from "./pages.ts"

const stale = await mend(pages, fileURLToPath(new URL("../../", import.meta.url)))
process.stdout.write(
  stale.length === 0 ? "Everything is drawn as the code is.\n" : stale.map((path) => `drawn: ${path}\n`).join("")
)
