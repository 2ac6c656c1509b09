/** `docs/asset-lifecycle.md` leaves nothing out that the machine of assets says. */
import { expect, it } from "vitest"
import { drawAssets } from "../../docs/draw/assets.ts"
import { assetTable, assetWords } from "../../src/asset/assetTable.ts"
import { AssetStatus } from "../../src/asset/RegisteredAsset.ts"

it("docs/asset-lifecycle.md has an arrow for every change of status and a line for every answer", () => {
  const answers = AssetStatus.literals.flatMap((status) =>
    assetWords.flatMap((word) => assetTable[status][word].map((answer) => ({ status, word, ...answer })))
  )
  const lines = drawAssets().split("\n")
  const moving = answers.filter(({ refusal, to, status }) => refusal === undefined && to !== status)
  expect(lines.filter((line) => line.includes(" --> "))).toHaveLength(moving.length)
  for (const { status, word, refusal, to } of answers) {
    const found = lines.filter(
      (line) => line.startsWith(`| \`${status}\` | \`${word}\` |`) && line.includes(`\`${refusal ?? to}\``)
    )
    expect(found.length, `${status} ${word}`).toBeGreaterThan(0)
  }
  expect(lines.filter((line) => /^\| `\w+` \| `\w+` \| (a command|hand) \|/.test(line))).toHaveLength(answers.length)
})
