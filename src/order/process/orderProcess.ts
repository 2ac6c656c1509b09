/**
 * A lifecycle of the embedding service's own: the library's, with rules, statuses, commands and data added.
 *
 * ```ts
 * import { hoursBetween, orderProcess } from "order-lifecycle"
 * import * as Schema from "effect/Schema"
 *
 * export const ourProcess = orderProcess("our-shop")
 *   .status("onHold", {
 *     description: "Something has to be cleared up first.",
 *     like: "confirmed",
 *     but: { startSubscription: { code: "ON_HOLD", message: "The order is on hold.", remedy: "Resume it first." } }
 *   })
 *   .command("hold", {
 *     description: "Puts a confirmed order on hold.",
 *     payload: Schema.Struct({ why: Schema.String }),
 *     event: "order.held",
 *     from: { confirmed: "onHold" },
 *     otherwise: { code: "NOT_HOLDABLE", message: "Only a confirmed order can be put on hold.", remedy: "Confirm it first." }
 *   })
 *   .guard("withinCancellationWindow", {
 *     before: "cancel",
 *     holds: ({ order, at, actor }) => actor.role === "manager" || hoursBetween(order.createdAt, at) <= 48,
 *     refusal: {
 *       code: "CANCELLATION_WINDOW_CLOSED",
 *       message: "An order can be cancelled within 48 hours.",
 *       remedy: "Ask a manager to cancel it."
 *     }
 *   })
 * ```
 *
 * Give it to `OrderLifecycle.layer({ process })` or to `openOrders({ process })`. What it says holds for the command itself, its preview, its
 * explanation and the machine that is drawn: they all read the same table. A process with a fault is not loaded: see `WrongProcess`.
 */
import * as Schema from "effect/Schema"
import type { CommandType, OrderCommand } from "../commands/index.ts"
import type { LibraryStatus } from "../Order.ts"
import type { FilterableMember } from "./OwnFilters.ts"
import type { OwnCommand, PayloadSchema } from "./OwnCommand.ts"
import type { OrderWideCommand, OwnDue, PayloadOf } from "./OwnDue.ts"
import type { OwnGuard, Words } from "./OwnGuard.ts"
import type { ColumnType, OwnRows } from "./OwnRows.ts"

/** A status of the embedding service's own: it answers the library's commands as another status does, but for those that are said. */
export type OwnStatusRules<Statuses extends string = string> = {
  /** What it means, in a sentence. */
  readonly description: string
  /** Commands of the library that are refused here, and in which words. */
  readonly but?: { readonly [Type in CommandType]?: Words }
} & (
  | { readonly like: Statuses; readonly units?: never }
  /**
   * Where it is like no other, commands but `cancel` and `cancelSubscription` are refused. Its units are all still held (`held`), some held and
   * some rented (`mixed`), or none held any more (`none`).
   */
  | { readonly like?: never; readonly units: "held" | "mixed" | "none" }
)

/** The own data of an order: their schema, what an order has that was given none, and the members that lists can be filtered by. */
export interface OwnDataRules {
  readonly schema: PayloadSchema
  readonly initial: object
  readonly filterBy: ReadonlyArray<string>
}

/** A process, as it was declared. It is checked and put to use by `lifecycleOf`. */
export interface OrderProcess {
  readonly name: string
  /** Stands in the events that come about under it. From 1 on; raise it with every change that is deployed. */
  readonly version: number
  readonly data: OwnDataRules | undefined
  readonly statuses: NamedOnce<OwnStatusRules>
  readonly commands: NamedOnce<OwnCommand>
  readonly guards: NamedOnce<OwnGuard>
  readonly dueCommands: NamedOnce<OwnDue>
  /** By `schema.table`. */
  readonly tables: NamedOnce<OwnRows>
}

/** A command by name, as a rule before it sees it. */
type CommandNamed<Name, Payloads> = Name extends CommandType
  ? OrderCommand<Name>
  : Name extends keyof Payloads
    ? { readonly type: Name } & Payloads[Name]
    : never

type Fresh<Name extends string, Taken> = Name extends Taken ? never : Name

/**
 * A process to add to. Adding gives another process; the first stays as it is. Types add up: what a rule sees, which statuses and commands there
 * are. Statuses and commands are declared before they are named elsewhere.
 */
export interface ProcessBuilder<
  Data extends object,
  Statuses extends string,
  Payloads extends object,
  Guards extends string,
  Filters extends string = never
> extends OrderProcess {
  /** Types only: the own data, the members that lists can be filtered by, the own statuses, and what each own command is given with. */
  readonly types?: {
    readonly data: Data
    readonly filters: Filters
    readonly statuses: Statuses
    readonly payloads: Payloads
  }

  /** Add a status. */
  readonly status: <const Name extends string>(
    name: Fresh<Name, LibraryStatus | Statuses>,
    status: OwnStatusRules<LibraryStatus | Statuses>
  ) => ProcessBuilder<Data, Statuses | Name, Payloads, Guards, Filters>

  /** Add a command. */
  readonly command: <const Name extends string, Payload extends PayloadSchema = Schema.Struct<{}>>(
    name: Fresh<Name, CommandType | keyof Payloads>,
    command: OwnCommand<Name, LibraryStatus | Statuses, Data, Payload>
  ) => ProcessBuilder<Data, Statuses, Payloads & { readonly [Type in Name]: Payload["Type"] }, Guards, Filters>

  /** Add a guard before a command. Its name is what explanations and diagrams call it. */
  readonly guard: <const Name extends string, const Before extends CommandType | (keyof Payloads & string)>(
    name: Fresh<Name, Guards>,
    guard: OwnGuard<Before, Data, CommandNamed<Before, Payloads>>
  ) => ProcessBuilder<Data, Statuses, Payloads, Guards | Name, Filters>

  /**
   * Have a command given by itself to every order that has been in a status for so long: see `Due`, which gives it. `name` is what the waiting
   * command is listed by.
   */
  readonly due: <const Command extends OrderWideCommand | (keyof Payloads & string)>(
    name: string,
    due: OwnDue<LibraryStatus | Statuses, Command, PayloadOf<Command, Payloads>>
  ) => ProcessBuilder<Data, Statuses, Payloads, Guards, Filters>

  /**
   * Write rows of a table of your own, named `schema.table`, with every change that has some: in the statement that commits it, all or nothing. The
   * table has `tenant_id` and `order_id`, both text, which the library fills.
   */
  readonly rows: <const Columns extends Readonly<Record<string, ColumnType>>>(
    table: `${string}.${string}`,
    columns: Columns,
    rows: OwnRows<Columns>["rows"]
  ) => ProcessBuilder<Data, Statuses, Payloads, Guards, Filters>
}

/**
 * What a process may begin with. `initial` is asked for where an order without own data would not fit their schema. `filterBy` names members of
 * `data` that lists can be filtered by: texts, numbers, or true and false. Orders are looked up by the first of them that a list names, so the one
 * comes first that the fewest orders have in common.
 */
type ProcessOptions<Data extends PayloadSchema, Filters> = {
  readonly version?: number
  readonly data?: Data
  readonly filterBy?: ReadonlyArray<Filters>
} & (object extends Data["Type"] ? { readonly initial?: Data["Type"] } : { readonly initial: Data["Type"] })

/** Begin a process. Without more it is the library's lifecycle. */
export const orderProcess = <
  Data extends PayloadSchema = Schema.Struct<{}>,
  const Filters extends FilterableMember<Data["Type"]> = never
>(
  name: string,
  ...[options]: object extends Data["Type"] ? [options?: ProcessOptions<Data, Filters>] : [options: ProcessOptions<Data, Filters>]
): ProcessBuilder<Data["Type"], never, object, never, Filters> => {
  const { version = 1, data, initial, filterBy = [] }: Partial<ProcessOptions<PayloadSchema, string>> = options ?? {}
  return build({
    name,
    version,
    data:
      data === undefined && initial === undefined && filterBy.length === 0
        ? undefined
        : { schema: data ?? Schema.Struct({}), initial: initial ?? {}, filterBy },
    statuses: [],
    commands: [],
    guards: [],
    dueCommands: [],
    tables: []
  })
}

/** What was declared, in order. */
interface Declared extends Pick<OrderProcess, "name" | "version" | "data"> {
  readonly statuses: ReadonlyArray<readonly [name: string, status: OwnStatusRules]>
  readonly commands: ReadonlyArray<readonly [name: string, command: OwnCommand]>
  readonly guards: ReadonlyArray<readonly [name: string, guard: OwnGuard]>
  readonly dueCommands: ReadonlyArray<readonly [name: string, due: OwnDue]>
  readonly tables: ReadonlyArray<readonly [table: string, rows: OwnRows]>
}

// What is declared is called with facts of its own names alone, so that it may be kept without them.
const build = <
  Data extends object,
  Statuses extends string,
  Payloads extends object,
  Guards extends string,
  Filters extends string
>(
  declared: Declared
): ProcessBuilder<Data, Statuses, Payloads, Guards, Filters> => ({
  ...declared,
  statuses: new NamedOnce(declared.statuses),
  commands: new NamedOnce(declared.commands),
  guards: new NamedOnce(declared.guards),
  dueCommands: new NamedOnce(declared.dueCommands),
  tables: new NamedOnce(declared.tables),
  status: (name, status) => build({ ...declared, statuses: [...declared.statuses, [name, status]] }),
  command: (name, command) => build({ ...declared, commands: [...declared.commands, [name, command as unknown as OwnCommand]] }),
  guard: (name, guard) => build({ ...declared, guards: [...declared.guards, [name, guard as unknown as OwnGuard]] }),
  due: (name, due) => build({ ...declared, dueCommands: [...declared.dueCommands, [name, due as unknown as OwnDue]] }),
  rows: (table, columns, rows) => build({ ...declared, tables: [...declared.tables, [table, { columns, rows }]] })
})

/** A map that remembers which names it was given twice. */
export class NamedOnce<Value> extends Map<string, Value> {
  readonly doubled: ReadonlyArray<string>

  constructor(entries: ReadonlyArray<readonly [name: string, value: Value]>) {
    super(entries)
    const names = entries.map(([name]) => name)
    this.doubled = names.filter((name, index) => names.indexOf(name) !== index)
  }
}
