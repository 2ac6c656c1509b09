import * as Schema from "effect/Schema"

/** Own data cannot be indexed, for a reason that can be put right. */
export class CannotIndex extends Schema.TaggedError<CannotIndex>()("CannotIndex", { message: Schema.String }) {}
