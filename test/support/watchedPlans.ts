/**
 * The plans that a server has made and run, as it tells them itself (its module `auto_explain`): of each statement that a client sends, of those
 * within functions and triggers, and of those that look after foreign keys. What a plan says of a statement it says of what was really read.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { clientOn } from "../../src/postgres/PoolConnection.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { freshDatabase, poolAt } from "./postgresDatabase.ts"

/** A node of a plan, as far as it is looked at. */
export interface PlanNode {
  readonly "Node Type": string
  readonly Operation?: string
  /** Only in plans for the values of now. */
  readonly Schema?: string
  readonly "Relation Name"?: string
  readonly Alias?: string
  readonly "Index Cond"?: string
  readonly "Recheck Cond"?: string
  readonly Filter?: string
  readonly "Actual Loops"?: number
  readonly "Parent Relationship"?: string
  readonly Output?: ReadonlyArray<string>
  readonly "Subplans Removed"?: number
  readonly Plans?: ReadonlyArray<PlanNode>
}

/** A statement that was run, with its plan. */
export interface RunPlan {
  readonly text: string
  readonly root: PlanNode
}

/** Every node of a plan that was run at least once. */
export const nodesRun = (node: PlanNode): ReadonlyArray<PlanNode> =>
  node["Actual Loops"] === 0 ? [] : [node, ...(node.Plans ?? []).flatMap(nodesRun)]

/** How plans are made: for the values of now, or for any. */
export type PlanMode = "force_custom_plan" | "force_generic_plan"

/** A client on a new database, and the plans of all that it has had run since they were last taken. */
export const watchedPlans = (mode: PlanMode) => {
  let plans: Array<RunPlan> = []
  const layer = Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const url = yield* freshDatabase
      const settings = {
        session_preload_libraries: "auto_explain",
        plan_cache_mode: mode,
        client_min_messages: "notice",
        "auto_explain.log_level": "notice",
        "auto_explain.log_min_duration": "0",
        // Which parts are read, an execution for any values tells; of which tenant they are, the values tell.
        "auto_explain.log_analyze": mode === "force_generic_plan" ? "on" : "off",
        "auto_explain.log_timing": "off",
        "auto_explain.log_verbose": mode === "force_custom_plan" ? "on" : "off",
        "auto_explain.log_nested_statements": "on",
        "auto_explain.log_format": "json",
        // Small tables are read from end to end otherwise, and how a table is read is not what is looked at.
        enable_seqscan: "off"
      }
      const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
      const pool = yield* poolAt(url, { options: options.join(" ") })
      pool.on("connect", (client) =>
        client.on("notice", ({ message = "" }) => {
          const json = /^duration: .*?plan:\n([\s\S]*)$/.exec(message)?.[1]
          if (json === undefined) return
          const told = JSON.parse(json) as { "Query Text": string; Plan: PlanNode }
          plans.push({ text: told["Query Text"], root: told.Plan })
        })
      )
      return yield* clientOn(pool, patientSettings)
    })
  ).pipe(Layer.merge(Layer.succeed(Deadline, hangMs)))
  /** The plans since the last call, of statements on the library's tables. */
  const take = () => {
    const taken = plans.filter(({ text }) => text.includes("order_lifecycle"))
    plans = []
    return taken
  }
  return { layer, take }
}
