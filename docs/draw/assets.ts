/** `docs/asset-lifecycle.md`, drawn from the machine of assets: the diagram, the statuses, and every word on every status. */
import { type AssetAnswer, assetTable, assetWords, moveWords } from "../../src/asset/assetTable.ts"
import { assetMachine } from "../../src/asset/assetMachine.ts"
import { AssetStatus } from "../../src/asset/RegisteredAsset.ts"
import { blocks, code, codes, fence, table } from "../../src/draw/markdown.ts"
import { definitions } from "../../src/order/commands/definitions.ts"
import { heading } from "./page.ts"

const isMove = (word: string): boolean => moveWords.some((move) => move === word)

/** Where each word leads: what leads nowhere else is left out of the picture. */
const arrows = (): ReadonlyArray<string> =>
  AssetStatus.literals.flatMap((from) =>
    assetWords.flatMap((word) =>
      assetTable[from][word].flatMap(({ refusal, to }) => (refusal || to === from ? [] : [`  ${from} --> ${to}: ${word}`]))
    )
  )

const when = (answers: ReadonlyArray<AssetAnswer>, answer: AssetAnswer): string =>
  answer.unless === undefined
    ? codes(answers.flatMap(({ unless }) => (unless === undefined ? [] : [unless]))) || "–"
    : `not ${code(answer.unless)}`

const link = (name: string) => `[${code(name)}](reference/errors.md#${name.toLowerCase()})`

/** What an answer is: where it leads, or the code. */
const outcome = ({ refusal, to }: AssetAnswer): string => (refusal === undefined ? code(to) : link(refusal))

export const drawAssets = (): string =>
  blocks(
    heading("The lifecycle of an asset", "src/asset/assetMachine.ts"),
    fence("mermaid", ["stateDiagram-v2", ...arrows()].join("\n")),
    `The words ${codes(moveWords)} are those of commands on orders: what the order has decided, the asset follows, in the same commit. The words
that begin with \`mark\` are changes by hand, each named for the status that it asks for; to take an asset out of use is \`markUnavailable\`.
[How the registry is used](guides/assets.md).`,
    "## Statuses",
    table(
      ["Status", "Meaning"],
      AssetStatus.literals.map((status) => [code(status), assetMachine.states[status]?.description ?? ""])
    ),
    "## What commands on orders do to assets",
    table(
      ["Command", "What it does"],
      Object.values(definitions)
        .filter(({ rents, assetMoves }) => rents !== undefined || assetMoves !== undefined)
        .map(({ name, description }) => [code(name), description])
    ),
    "Every other command moves none. To cancel a subscription leaves its asset where it is until its return is recorded by hand.",
    "## Every word on every status",
    "The first line whose *When* applies is the answer. `isNotInUse`: no subscription is active on the asset.",
    table(
      ["Status", "Word", "By", "When", "Next status, or the refusal"],
      AssetStatus.literals.flatMap((status) =>
        assetWords.flatMap((word) => {
          const answers = assetTable[status][word]
          return answers.map((answer) => [
            code(status),
            code(word),
            isMove(word) ? "a command" : "hand",
            when(answers, answer),
            outcome(answer)
          ])
        })
      )
    )
  )
