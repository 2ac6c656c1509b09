/** Every step there is. */
import { assets } from "./assets.ts"
import { commands } from "./commands.ts"
import { outcomes } from "./outcomes.ts"
import { placing } from "./placing.ts"
import { steps } from "./words.ts"

for (const { entries } of [placing, commands, assets, outcomes])
  for (const [source, action] of entries) steps.step(source, action)

export { steps }
