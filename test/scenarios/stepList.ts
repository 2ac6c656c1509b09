/**
 * The steps that pages can use: what each says, as a Cucumber expression, and what it does. Steps are found by their text alone; a text
 * that fits no step, or two, is a fault that says what to write.
 */
import {
  CucumberExpressionGenerator,
  type Expression,
  ExpressionFactory,
  ParameterType,
  ParameterTypeRegistry
} from "@cucumber/cucumber-expressions"
import type { Step } from "./readPages.ts"

/** What a step does with its world and the values in its text. It fails by throwing. */
export type Action<World> = (world: World, ...values: ReadonlyArray<never>) => Promise<void> | void

interface Definition<World> {
  readonly source: string
  readonly expression: Expression
  readonly action: Action<World>
}

/** A text that cannot be carried out. */
export class UnclearStep extends Error {}

export const makeStepList = <World>() => {
  const registry = new ParameterTypeRegistry()
  const factory = new ExpressionFactory(registry)
  const definitions: Array<Definition<World>> = []
  const used = new Set<string>()

  /** A kind of value that texts can hold. What fits almost anything is not suggested for new steps. */
  const parameter = (name: string, pattern: RegExp, read: (text: string) => unknown, { isSuggested = true } = {}) =>
    registry.defineParameterType(new ParameterType(name, pattern, null, read, isSuggested))

  const step = (source: string, action: Action<World>): void => {
    definitions.push({ source, expression: factory.createExpression(source), action })
  }

  const suggestion = (text: string): string => {
    const generator = new CucumberExpressionGenerator(() => registry.parameterTypes)
    const [first] = generator.generateExpressions(text)
    const names = first?.parameterNames.map((name, index) => `${name.replaceAll(/\W/g, "")}${index + 1}`) ?? []
    return `step("${first?.source ?? text}", (${["world", ...names].join(", ")}) => …)`
  }

  /** Find what to do. */
  const find = ({ text }: Step): ((world: World) => Promise<void> | void) => {
    const matches = definitions.flatMap((definition) => {
      const values = definition.expression.match(text)
      return values === null ? [] : [{ definition, values }]
    })
    const [only, ...others] = matches
    if (only === undefined) {
      throw new UnclearStep(
        `no step says this. Use the words of another page, or add to test/scenarios/steps: ${suggestion(text)}`
      )
    }
    if (others.length > 0) {
      const sources = matches.map(({ definition }) => `"${definition.source}"`)
      throw new UnclearStep(`${matches.length} steps say this: ${sources.join(" and ")}. Reword all but one of them`)
    }
    used.add(only.definition.source)
    const values = only.values.map((value) => value.getValue(null))
    return (world) => only.definition.action(world, ...(values as Array<never>))
  }

  /** Steps that no text has used so far. */
  const unused = (): ReadonlyArray<string> => definitions.map(({ source }) => source).filter((source) => !used.has(source))

  return { parameter, step, find, unused }
}
