#!/usr/bin/env node
/** The program `order-lifecycle`. */
import { readFileSync } from "node:fs"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import { CannotDraw } from "./CannotDraw.ts"
import { CannotIndex } from "./CannotIndex.ts"
import { CannotPlan } from "./CannotPlan.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import { CannotVerify } from "./CannotVerify.ts"
import { dataCommand } from "./dataCommand.ts"
import { docsCommand } from "./docsCommand.ts"
import { dueCommand } from "./dueCommand.ts"
import { exitCodes } from "./exitCodes.ts"
import { replayCommand } from "./replayCommand.ts"
import { simulateCommand } from "./simulateCommand.ts"
import { FoundViolations, verifyCommand } from "./verifyCommand.ts"

// The package's own file, two folders up from the source and from what is built of it.
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }

const program = Command.make("order-lifecycle").pipe(
  Command.withDescription("Rental and subscription orders that never lose, leak or half-do anything."),
  Command.withSubcommands([verifyCommand, replayCommand, dueCommand, dataCommand, simulateCommand, docsCommand]),
  Command.run({ version })
)

/** One line for what somebody can put right. What has been said already, or is no fault, is not said again; a defect is shown whole. */
const describe = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const error = Cause.squash(cause)
  if (Cause.hasInterruptsOnly(cause) || error instanceof FoundViolations || CliError.isCliError(error)) return Effect.void
  if (error instanceof CannotDraw) return Console.error(`Cannot draw: ${error.message}`)
  if (error instanceof CannotVerify) return Console.error(`Cannot verify: ${error.message}`)
  if (error instanceof CannotIndex) return Console.error(`Cannot index: ${error.message}`)
  if (error instanceof CannotPlan) return Console.error(`Cannot plan: ${error.message}`)
  return Console.error(error instanceof CannotSimulate ? `Cannot simulate: ${error.message}` : Cause.pretty(cause))
}

const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return exitCodes.well.code
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCodes.interrupted.code
  return (Cause.squash(exit.cause) instanceof FoundViolations ? exitCodes.violations : exitCodes.cannot).code
}

NodeRuntime.runMain(Effect.provide(Effect.tapCause(program, describe), NodeServices.layer), {
  disableErrorReporting: true,
  teardown: (exit, onExit) => onExit(exitCode(exit))
})
