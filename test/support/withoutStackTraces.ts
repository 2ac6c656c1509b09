/** For the tests of a file that make errors by the hundred thousand: their stack traces would take as long as all the rest. */
import { afterAll, beforeAll } from "vitest"

export const withoutStackTraces = (): void => {
  const { stackTraceLimit } = Error
  beforeAll(() => void (Error.stackTraceLimit = 0))
  afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))
}
