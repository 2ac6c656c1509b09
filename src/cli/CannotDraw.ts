import * as Schema from "effect/Schema"

/** Nothing could be drawn, for a reason that lies outside. One line. */
export class CannotDraw extends Schema.TaggedError<CannotDraw>()("CannotDraw", { message: Schema.String }) {}
