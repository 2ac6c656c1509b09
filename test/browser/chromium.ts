/** The browser of the tests: the one the machine has, or Debian's, installed where that is possible. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"]

const found = () => [process.env.CHROMIUM, ...places].find((path) => path !== undefined && existsSync(path))

const isRoot = () => process.getuid?.() === 0

/** Path of a Chromium. Throws a sentence that says how to get one when there is none and none can be installed. */
export const findChromium = (): string => {
  const there = found()
  if (there !== undefined) return there
  const advice =
    "Install Chromium (on Debian: apt-get install chromium) or set CHROMIUM to the path of one, and run npm run test:browser again."
  if (!existsSync("/usr/bin/apt-get") || !isRoot()) {
    throw new Error(`There is no Chromium on this machine, and only root of a Debian could install one here. ${advice}`)
  }
  process.stdout.write("There is no Chromium on this machine: installing Debian's.\n")
  try {
    execFileSync("apt-get", ["update", "-qq"], { stdio: ["ignore", "ignore", "inherit"] })
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    })
  } catch (cause) {
    throw new Error(`There is no Chromium on this machine, and Debian's could not be installed. ${advice}`, { cause })
  }
  const installed = found()
  if (installed === undefined) throw new Error(`Chromium was installed and is not where it should be. ${advice}`)
  return installed
}
