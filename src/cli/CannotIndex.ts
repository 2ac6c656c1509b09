import * as Schema from "effect/Schema"

/** Own data cannot be indexed, for a reason that somebody can put right. */
export class CannotIndex extends Schema.TaggedError<CannotIndex>()("CannotIndex", { message: Schema.String }) {}
