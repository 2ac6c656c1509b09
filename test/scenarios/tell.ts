/** Tell a scenario: do its steps one after the other. What fails, fails at its line of the page. */
import { fileURLToPath } from "node:url"
import type { Scenario, Step } from "./readPages.ts"
import { steps } from "./steps/index.ts"
import type { World } from "./World.ts"

export const tell = async (scenario: Scenario, world: World): Promise<void> => {
  // All are looked up before the first is done: a step that nobody understands is named whatever becomes of the others.
  const actions = scenario.steps.map((step) => {
    try {
      return { step, act: steps.find(step) }
    } catch (error) {
      throw located(error, scenario, step)
    }
  })
  let last: Step | undefined
  try {
    for (const { step, act } of actions) {
      last = step
      await act({ world, table: step.table })
    }
    await world.finish()
  } catch (error) {
    throw last === undefined ? error : located(error, scenario, last)
  }
}

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The error, saying which line of which page it is about; the page comes first in its stack, so that it is the page that is shown. */
export const located = (thrown: unknown, { page }: Pick<Scenario, "page">, { line, keyword, text }: Step): Error => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const [head = "", ...frames] = (error.stack ?? "").slice(`${error.name}: ${error.message}`.length).split("\n")
  error.message = `${page}:${line}\n  ${keyword} ${text}\n${error.message}`
  error.stack = [`${error.name}: ${error.message}`, `    at ${root}${page}:${line}:3`, head, ...frames].filter(Boolean).join("\n")
  return error
}
