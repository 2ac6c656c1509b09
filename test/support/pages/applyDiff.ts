/** Applies a shown change to files: what stands in a hunk must stand in the file, once. No line numbers are needed. */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

/** Throws with the hunk that does not fit. */
export const applyDiff = async (folder: string, diff: string): Promise<void> => {
  for (const part of diff.split(/^(?=--- )/m)) {
    const [, path] = /^\+\+\+ (?:b\/)?(\S+)$/m.exec(part) ?? []
    if (path === undefined) throw new Error("a change begins with `--- a/path` and `+++ b/path`")
    const file = join(folder, path)
    const isNew = part.startsWith("--- /dev/null\n")
    let text = isNew ? "" : await readFile(file, "utf8")
    const [, ...hunks] = part.split(/^@@.*\n/m)
    for (const hunk of hunks) {
      const lines = hunk.split("\n").slice(0, -1)
      const side = (mark: string) =>
        lines
          .filter((line) => line === "" || line.startsWith(" ") || line.startsWith(mark))
          .map((line) => `${line.slice(1)}\n`)
          .join("")
      const before = side("-")
      if (isNew) text += side("+")
      else {
        if (text.split(before).length !== 2) throw new Error(`this hunk does not fit ${path}, or fits more than once:\n${hunk}`)
        text = text.split(before).join(side("+"))
      }
    }
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}
