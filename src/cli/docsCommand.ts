/** `order-lifecycle docs draw`: draws the lifecycle under a process as documentation, in Markdown and in HTML. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { asHtml, asMarkdown } from "../draw/processPages.ts"
import type { OwnLifecycle } from "../draw/processContent.ts"
import { type CancellationPolicy, cancellationPolicyNames, defaultPolicy } from "../order/policies/index.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { CannotDraw } from "./CannotDraw.ts"
import { reasonOf } from "./CannotVerify.ts"
import { importProcess, requiredProcessFlag } from "./processFlag.ts"
import { writeWhole } from "./writeWhole.ts"

const drawCommand = Command.make(
  "draw",
  {
    process: requiredProcessFlag,
    policy: Flag.Literals("cancellation-policy", cancellationPolicyNames).pipe(
      Flag.withAlias("policy"),
      Flag.withDescription("The policy that the process is used under"),
      Flag.withDefault(defaultPolicy)
    ),
    out: Flag.String("out").pipe(
      Flag.withDescription("The folder to write to, made if it is not there. Without it, the current one"),
      Flag.withDefault(".")
    )
  },
  Effect.fnUntraced(function* ({ process, policy, out }) {
    const own = yield* Effect.mapError(importProcess(process), ({ message }) => new CannotDraw({ message }))
    const lifecycle = yield* loadLifecycle(policy, own)
    const path = yield* Path.Path
    const files = [
      [path.join(out, `${own.name}.md`), asMarkdown(lifecycle)],
      [path.join(out, `${own.name}.html`), asHtml(lifecycle)]
    ] as const
    yield* Effect.mapError(writeAll(out, files), (error) => new CannotDraw({ message: `${out}: ${reasonOf(error)}` }))
    yield* Console.log(`Written: ${files.map(([file]) => file).join(", ")}`)
  })
).pipe(
  Command.withDescription(
    "Draw a process as documentation: a page of Markdown, and a page of HTML on which its machine can be tried out."
  ),
  Command.withExamples([
    {
      command: "order-lifecycle docs draw --process our-process.ts --out docs",
      description: "Write docs/our-shop.md and docs/our-shop.html, for a process called our-shop"
    }
  ])
)

export const docsCommand = Command.make("docs").pipe(
  Command.withDescription("Draw documentation of a lifecycle of your own."),
  Command.withSubcommands([drawCommand])
)

const loadLifecycle = (policy: CancellationPolicy, process: OrderProcess): Effect.Effect<OwnLifecycle, CannotDraw> =>
  Effect.try({
    try: () => lifecycleOf(policy, process) as OwnLifecycle,
    catch: (error) => new CannotDraw({ message: error instanceof Error ? error.message : String(error) })
  })

const writeAll = Effect.fnUntraced(function* (folder: string, files: ReadonlyArray<readonly [file: string, text: string]>) {
  const system = yield* FileSystem.FileSystem
  yield* system.makeDirectory(folder, { recursive: true })
  for (const [file, text] of files) yield* writeWhole(file, text)
})
