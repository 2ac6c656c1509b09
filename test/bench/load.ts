/**
 * A tenant that asks for much, in a process of its own, so that what it costs to ask is not taken for the service's slowness. Run with JSON
 * (`Load`). It prints a line once it has its first answer, asks on until it is told to end by SIGTERM, waits for what it has asked, and
 * prints how it was answered, by status, as JSON.
 */
export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly method: "GET" | "POST"
  readonly path: string
  /** So many at once, each asking again as soon as it is answered; or so many in a second, however slow the answers are. */
  readonly pace: { readonly atOnce: number } | { readonly perSecond: number }
}

/** Answers by status; those that broke off are under 0. */
export type Answered = Readonly<Record<string, number>>

const { url, headers, method, path, pace } = JSON.parse(process.argv[2] ?? "") as Load
const answered: Record<string, number> = {}
const state = { isOver: false }

const ask = async (): Promise<void> => {
  let status = 0
  try {
    const response = await fetch(url + path, { method, headers })
    await response.arrayBuffer()
    status = response.status
  } catch {
    // Counted as broken off.
  }
  if (Object.keys(answered).length === 0) process.stdout.write("going\n")
  answered[status] = (answered[status] ?? 0) + 1
}

const asking: Array<Promise<void>> = []
if ("atOnce" in pace) {
  const again = async () => {
    while (!state.isOver) await ask()
  }
  asking.push(...Array.from({ length: pace.atOnce }, again))
} else {
  const timer = setInterval(() => (state.isOver ? clearInterval(timer) : asking.push(ask())), 1_000 / pace.perSecond)
}

process.once("SIGTERM", () => {
  state.isOver = true
  void Promise.all(asking).then(() => process.stdout.write(`${JSON.stringify(answered)}\n`, () => process.exit(0)))
})
