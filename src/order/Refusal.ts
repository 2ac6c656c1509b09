/**
 * Every way in which a command on an order, or a change of an asset, can be refused. A refusal changes nothing.
 *
 * Each class is one case a caller can act on; its `code` is the specification's word for it (several cases may share a code), `when`
 * says which case it is, and `remedy` what to do. They stand with their commands, in `commands/`. Where in the lifecycle a refusal is given is
 * said in `orderMachine.ts`; which HTTP status it gets, in `http/`. The page `docs/reference/errors.md` is drawn from all three.
 */
import * as Schema from "effect/Schema"
import { assetRefusals } from "../asset/refusals.ts"
import commands, { type Commands, type CommandType } from "./commands/index.ts"
import { type SharedRefusal, sharedRefusals } from "./commonRefusals.ts"
import { OwnRefusal } from "./process/OwnRefusal.ts"

type RefusalClass = SharedRefusal | (typeof assetRefusals)[number] | Commands[CommandType]["errors"][number] | typeof OwnRefusal

/** Every refusal there is, as a schema: refusals are remembered under an idempotency key and given again. */
export const Refusal = /* @__PURE__ */ (() =>
  Schema.Union<ReadonlyArray<RefusalClass>>([
    ...sharedRefusals,
    ...assetRefusals,
    ...Object.values(commands).flatMap(({ errors }): ReadonlyArray<RefusalClass> => errors),
    OwnRefusal
  ]))()
export type Refusal = RefusalClass["Type"]
