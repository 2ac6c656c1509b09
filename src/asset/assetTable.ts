/** The machine of assets as a lookup table, read off it once, at load. Nobody writes this table. */
import type { StateValueFrom } from "xstate"
import type { AssetMoveEvent } from "./AssetMove.ts"
import { type AssetCode, type AssetEvent, type AssetFact, assetMachine, markOf } from "./assetMachine.ts"
import { AssetStatus } from "./RegisteredAsset.ts"

/** One line of a list of answers. It applies unless the fact that it names holds, and always when it names none. */
export interface AssetAnswer {
  readonly unless?: AssetFact
  readonly applies: (event: AssetEvent) => boolean
  readonly to: AssetStatus
  /** Set when the answer is no. */
  readonly refusal?: AssetCode
}

/** What commands on orders do to assets, in the machine's words. */
export const moveWords = ["rent", "return", "sell", "withdraw", "makeAvailable"] as const satisfies ReadonlyArray<AssetMoveEvent>
/** Every word that the machine knows. */
export const assetWords: ReadonlyArray<AssetEvent["type"]> = [...moveWords, ...Object.values(markOf)]

export type AssetTable = Readonly<Record<AssetStatus, Readonly<Record<AssetEvent["type"], ReadonlyArray<AssetAnswer>>>>>

// A status added to the machine and not to the schema, or the reverse, and a move without a word, fail to compile here.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const machineAndSchemaAgree: Same<StateValueFrom<typeof assetMachine>, AssetStatus> = true
const everyMoveHasAWord: Same<(typeof moveWords)[number], AssetMoveEvent> = true
void [machineAndSchemaAgree, everyMoveHasAWord]

const always = () => true

const record = <Key extends string, Value>(keys: ReadonlyArray<Key>, value: (key: Key) => Value): Record<Key, Value> =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, Value>

type Definition =
  ReturnType<(typeof assetMachine)["states"]["available"]["transitions"]["get"]> extends ReadonlyArray<infer D> | undefined
    ? D
    : never

const readAnswer = (status: AssetStatus, { guard, target, actions }: Definition): AssetAnswer => {
  // The machine's guards are `unless` and no other; what its actions carry is what `refuse` gives them.
  const { params } = (guard ?? {}) as { params?: { fact: AssetFact } }
  const [refusal] = actions as ReadonlyArray<{ params?: { code: AssetCode } }>
  const implementation: ((args: { context: object; event: AssetEvent }, params: unknown) => boolean) | undefined =
    assetMachine.implementations.guards["unless"]
  if (guard !== undefined && implementation === undefined) throw new Error("assetMachine: no guard is called unless")
  return {
    ...(params && { unless: params.fact }),
    applies: params === undefined ? always : (event) => implementation?.({ context: {}, event }, params) === true,
    to: (target?.[0]?.key ?? status) as AssetStatus,
    ...(refusal?.params && { refusal: refusal.params.code })
  }
}

/** Read the table off a machine. Throws when the machine leaves a word unanswered: that is a mistake in the machine. */
export const tabulateAssets = (machine: Pick<typeof assetMachine, "states"> = assetMachine): AssetTable => {
  const row = (status: AssetStatus, word: AssetEvent["type"]) => {
    const answers = (machine.states[status]?.transitions.get(word) ?? []).map((definition) => readAnswer(status, definition))
    if (answers.at(-1)?.applies !== always) throw new Error(`assetMachine: ${status} does not answer every ${word}`)
    return answers
  }
  return record(AssetStatus.literals, (status) => record(assetWords, (word) => row(status, word)))
}

export const assetTable: AssetTable = tabulateAssets()

/** The answer that is given: the first one that applies. */
export const answerOfAsset = (status: AssetStatus, event: AssetEvent): AssetAnswer => {
  for (const answer of assetTable[status][event.type]) if (answer.applies(event)) return answer
  throw new Error(`assetMachine: ${status} did not answer ${event.type}`)
}

/** Whether an asset in that status is with a customer. */
export const isOut = (status: AssetStatus): boolean => assetMachine.states[status]?.tags.includes("out") === true

/** Whether an asset in that status can be rented. */
export const isRentable = (status: AssetStatus): boolean => answerOfAsset(status, { type: "rent" }).refusal === undefined

/** Where a move begins, which is one status for each, and where it leads. */
export const stepOf = (type: AssetMoveEvent): { readonly from: AssetStatus; readonly to: AssetStatus } => steps[type]

const steps = record(moveWords, (type) => {
  const [from, ...others] = AssetStatus.literals.filter((status) => answerOfAsset(status, { type }).refusal === undefined)
  if (from === undefined || others.length > 0) throw new Error(`assetMachine: ${type} does not begin at one status`)
  return { from, to: answerOfAsset(from, { type }).to }
})
