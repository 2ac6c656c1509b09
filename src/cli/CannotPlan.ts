import * as Schema from "effect/Schema"

/** Due commands cannot be planned, for a reason that can be put right. */
export class CannotPlan extends Schema.TaggedError<CannotPlan>()("CannotPlan", { message: Schema.String }) {}
