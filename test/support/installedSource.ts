/** The package as a user has it, but as the source that it is here: nothing has to be built for it. */
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Install it in a folder, with the one package that files of a process need besides. */
export const installSource = async (folder: string): Promise<void> => {
  const packages = join(folder, "node_modules")
  const own = join(packages, "order-lifecycle")
  await mkdir(own, { recursive: true })
  const exports = { ".": "./src/index.ts", "./*": "./src/*/index.ts" }
  await writeFile(join(own, "package.json"), JSON.stringify({ name: "order-lifecycle", type: "module", exports }))
  for (const part of ["src", "docs"]) await symlink(join(root, part), join(own, part), "dir")
  await symlink(join(root, "node_modules", "effect"), join(packages, "effect"), "dir")
}
