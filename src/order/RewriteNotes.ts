import * as Schema from "effect/Schema"
import { textUpTo } from "./Text.ts"

/** Rewrite the notes of an order or of a subscription: at most 5,000 Unicode code points. An annotation, not a transition. */
export const RewriteNotes = Schema.Struct({ notes: textUpTo(5_000) })
export type RewriteNotes = typeof RewriteNotes.Type
