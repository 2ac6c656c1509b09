/** Nothing could be simulated, or its report not be written, for a reason that somebody can put right. One line. */
import * as Schema from "effect/Schema"

export class CannotSimulate extends Schema.TaggedError<CannotSimulate>()("CannotSimulate", { message: Schema.String }) {}
