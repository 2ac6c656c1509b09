/**
 * The time limits of the test runs. They end tests that hang, and measure nothing: each is far more than any test takes, however busy the
 * machine is. No test has a limit of its own (`test/architecture.test.ts`).
 */

/** A test that takes longer than this hangs. */
export const hangMs = 1_800_000

export const limits = {
  testTimeout: hangMs,
  hookTimeout: hangMs,
  teardownTimeout: hangMs,
  expect: { poll: { timeout: 300_000, interval: 20 } }
}
