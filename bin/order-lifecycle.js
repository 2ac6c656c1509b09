#!/usr/bin/env node
/**
 * The program `order-lifecycle`: what was built of it, or its source in a clone of the repository. It needs nothing but Node.js to say what
 * is missing, and to help.
 */
import process from "node:process"

const usage = `order-lifecycle: rental and subscription orders that never lose, leak or half-do anything.

USAGE
  order-lifecycle <subcommand> [flags]

SUBCOMMANDS
  verify      Check what is stored in a database or in a folder
  replay      Name the stored histories that a process would not have allowed
  due         Have orders wait for what due rules ask for
  data        Have lists find orders by own data
  simulate    Run a scenario in a simulated world
  docs        Draw documentation of a lifecycle of your own

"order-lifecycle <subcommand> --help" tells more once everything is installed.
`

/** Oldest Node.js that runs it, as `engines` in package.json has it. */
const [oldestMajor, oldestMinor] = [22, 19]
/** What it imports at once, besides this package. The clients of databases are loaded, and missed, where they are needed. */
const needed = ["effect", "xstate", "@effect/platform-node"]

const isInstalled = (name) => {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

/** What has to be done before it can run, in one line; undefined when it can. */
const obstacle = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return `order-lifecycle needs Node.js ${oldestMajor}.${oldestMinor} or later; this is ${process.versions.node}.`
  }
  const missing = needed.filter((name) => !isInstalled(name))
  return missing.length === 0 ? undefined : `order-lifecycle needs more packages: npm install ${missing.join(" ")}`
}

const line = obstacle()
if (line === undefined) {
  // Node.js runs no TypeScript below node_modules.
  const isDependency = import.meta.url.includes("/node_modules/")
  await import(new URL(isDependency ? "../dist/cli/main.js" : "../src/cli/main.ts", import.meta.url).href)
} else {
  const isAskingForHelp = process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")
  if (isAskingForHelp) process.stdout.write(usage)
  process.stderr.write(`${line}\n`)
  process.exitCode = isAskingForHelp ? 0 : 2
}
