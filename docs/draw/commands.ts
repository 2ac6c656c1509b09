/** `docs/reference/commands.md`: the program `order-lifecycle`, by what it says of itself. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { exitCodes } from "../../src/cli/exitCodes.ts"
import { blocks, code, fence, prose, table } from "../../src/draw/markdown.ts"
import { heading } from "./page.ts"

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

interface Ended {
  readonly exitCode: number
  readonly output: string
}

/** Run the program, in no terminal and with nothing set. */
const run = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((done, fail) => {
    const env = { PATH: process.env["PATH"], NO_COLOR: "1" }
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") return fail(error)
      done({ exitCode: typeof error?.code === "number" ? error.code : 0, output: `${stdout}${stderr}` })
    })
  })

const withoutTrailingBlanks = (text: string) => text.replaceAll(/[ \t]+$/gm, "").trim()

const subcommands = [["verify"], ["replay"], ["due", "plan"], ["data", "index"], ["simulate"], ["docs", "draw"]] as const

/** Calls that cannot do what they are asked to. */
const impossible: ReadonlyArray<ReadonlyArray<string>> = [
  ["verify"],
  ["verify", "--database-url", "postgres://orders@127.0.0.1/orders", "--data-dir", "data"],
  ["replay", "--process", "no-such-process.ts", "--data-dir", "data"],
  ["simulate", "no-such-scenario"],
  ["docs", "draw", "--process", "no-such-process.ts"],
  ["simulate", "--seeds", "0"]
]

const asTyped = (args: ReadonlyArray<string>) => `order-lifecycle ${args.join(" ")}`

/** The page. */
export const drawCommands = async (): Promise<string> => {
  const [about, helps, failures, list] = await Promise.all([
    run("--help"),
    Promise.all(subcommands.map((names) => run(...names, "--help"))),
    Promise.all(impossible.map((args) => run(...args))),
    run("simulate", "--list")
  ])
  return blocks(
    heading(
      "The command line",
      "src/cli/verifyCommand.ts",
      "src/cli/replayCommand.ts",
      "src/cli/dueCommand.ts",
      "src/cli/dataCommand.ts",
      "src/cli/simulateCommand.ts",
      "src/cli/docsCommand.ts",
      "src/cli/exitCodes.ts"
    ),
    `\`npx order-lifecycle\` is the program of the package; in the repository, \`node src/cli/main.ts\` is the same. What follows is what it prints.`,
    fence("text", withoutTrailingBlanks(about.output)),
    "## Exit codes",
    table(
      ["Exit code", "Meaning"],
      Object.values(exitCodes).map(({ code: number, meaning }) => [code(String(number)), prose(meaning)])
    ),
    "What cannot be done is said in one line:",
    table(
      ["Command", "Exit code", "What it says"],
      failures.map(({ exitCode, output }, index) => [
        code(asTyped(impossible[index] ?? [])),
        code(String(exitCode)),
        code(output.trim())
      ])
    ),
    ...subcommands.flatMap((names, index) => [
      `## ${names.join(" ")}`,
      fence("text", withoutTrailingBlanks(helps[index]?.output ?? ""))
    ]),
    "## The shipped scenarios",
    "`order-lifecycle simulate --list` prints them; [Simulation](../simulation.md) says what comes of them.",
    fence("text", withoutTrailingBlanks(list.output))
  )
}
