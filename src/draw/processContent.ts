/** The lifecycle under a process as documentation: what a reader of the embedding service wants to look up, and nothing that is not drawn. */
import * as Duration from "effect/Duration"
import type * as Schema from "effect/Schema"
import { libraryEvents } from "../order/AuditEvent.ts"
import { type CommandOfLifecycle, commandNames, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import { makeOrderMachine } from "../order/orderMachine.ts"
import { policies } from "../order/policies/index.ts"
import type { LoadedProcess } from "../order/process/loadProcess.ts"
import type { OwnCommand } from "../order/process/OwnCommand.ts"
import { filledColumns } from "../order/process/OwnRows.ts"
import { answerTable, overviewTable } from "./answers.ts"
import { type Block, type Line, listed, type Name, names } from "./content.ts"
import { commonEventFields, descriptionOf, fieldsOfPart } from "./eventFields.ts"
import { type Field, fieldsOf, fieldTable, jsonSchemaOf, shapesOf, typeOf } from "./fields.ts"
import { type MachineRefusal, machineRefusals, refusalsByLack } from "./machineRefusals.ts"
import { type FactKind, rulesOf } from "./rules.ts"

/** A lifecycle with a process. */
export interface OwnLifecycle extends Lifecycle {
  readonly process: LoadedProcess
}

/** The title of the pages. */
export const titleOf = ({ process }: OwnLifecycle): string => `The lifecycle of an order: ${process.version.name}`

/** What the pages begin with. */
export const drawnFrom = ({ process, policy }: OwnLifecycle): Line => [
  "Drawn by ",
  { code: "order-lifecycle docs draw" },
  ` from version ${process.version.version} of the process `,
  { code: process.version.name },
  " under the cancellation policy ",
  { code: policy },
  ". Do not edit this page: draw it again."
]

/** Everything below the title. */
export const contentOf = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => [
  ...diagram(lifecycle),
  ...statuses(lifecycle),
  ...answers(lifecycle),
  ...commands(lifecycle),
  ...dueCommands(lifecycle),
  ...rules(lifecycle),
  ...errors(lifecycle),
  ...events(lifecycle),
  ...ownData(lifecycle),
  ...ownRows(lifecycle),
  ...shapes(lifecycle)
]

// --- parts of a page ---------------------------------------------------------------------------------------------------------------------

const section = (text: string): Block => ({ kind: "heading", level: 2, text, id: text.toLowerCase().replaceAll(" ", "-") })

/** A heading that links of a page lead to: see `linkTo`. */
const entry = (kind: "command" | "error" | "event", text: string): Block => ({
  kind: "heading",
  level: 3,
  text,
  id: idOf(kind, text)
})

const idOf = (kind: string, name: string) => `${kind}-${name}`.toLowerCase()

const linkTo = (kind: "command" | "error" | "event", code: string): Name => ({ code, to: `#${idOf(kind, code)}` })

const errorLink = (code: string) => `#${idOf("error", code)}`

const paragraph = (...line: Line): Block => ({ kind: "paragraph", line })

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Line>>): Block => ({
  kind: "table",
  table: { head, rows }
})

/** A table of fields, below some words; nothing where there are none. */
const fields = (all: ReadonlyArray<Field>, ...words: Line): ReadonlyArray<Block> =>
  all.length === 0 ? [] : [paragraph(...words), { kind: "table", table: fieldTable(all) }]

/** Whose a status or a command is. */
const origin = (isOwn: boolean): Line => [isOwn ? "the process" : "the library"]

// --- statuses and answers ----------------------------------------------------------------------------------------------------------------

const diagram = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => [
  section("State diagram"),
  { kind: "diagram", lifecycle },
  paragraph(
    "An arrow is a command that is accepted. Every other command is refused by name and changes nothing. What a command has to bring itself " +
      "(a free asset, the right customer, ...) stands in the tables below."
  )
]

const statuses = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => {
  const states: Readonly<Record<string, { readonly description?: string | undefined }>> = makeOrderMachine(
    lifecycle.policy,
    lifecycle.process
  ).states
  return [
    section("Statuses"),
    table(
      ["Status", "Meaning", "Belongs to"],
      statusesOf(lifecycle).map((status) => [
        [{ code: status }],
        [states[status]?.description ?? ""],
        origin(lifecycle.process.statuses.has(status))
      ])
    )
  ]
}

const answers = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => [
  section("What each status answers"),
  paragraph("Where a command leads, if the rules let it; or the codes that it is refused with in any case."),
  { kind: "table", table: overviewTable(lifecycle, errorLink) },
  section("Every answer"),
  paragraph(
    "A command is accepted when all that stands under ",
    { code: "When" },
    " holds. Otherwise the first refusal whose ",
    { code: "When" },
    " applies is given, from the top."
  ),
  { kind: "table", table: answerTable(lifecycle, errorLink) }
]

// --- commands ----------------------------------------------------------------------------------------------------------------------------

const commands = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => {
  const all = Object.entries<CommandOfLifecycle>(lifecycle.commands)
  return [
    section("Commands"),
    table(
      ["Command", "What it does", "Event", "Belongs to"],
      all.map(([name, { description, kind }]) => [
        [linkTo("command", name)],
        [description],
        [linkTo("event", kind)],
        origin(lifecycle.process.commands.has(name))
      ])
    ),
    ...all.flatMap(([name, { request }]) => {
      const members = fieldsOf(jsonSchemaOf(request))
      return [
        entry("command", name),
        ...(members.length === 0 ? [paragraph("It is given without a payload.")] : fields(members, "Its payload:"))
      ]
    })
  ]
}

const dueCommands = ({ due = [] }: OwnLifecycle): ReadonlyArray<Block> => {
  if (due.length === 0) return []
  return [
    section("Due commands"),
    paragraph("Commands that are given by themselves to an order that has been in a status for so long."),
    table(
      ["Name", "Status", "After", "Command", "Payload"],
      due.map(({ name, status, afterMs, command, payload }) => [
        [{ code: name }],
        [{ code: status }],
        [Duration.format(Duration.millis(afterMs))],
        [linkTo("command", command)],
        Object.keys(payload).length === 0 ? listed([]) : [{ code: JSON.stringify(payload) }]
      ])
    )
  ]
}

// --- rules and errors --------------------------------------------------------------------------------------------------------------------

const wordsOfKind: Readonly<Record<FactKind, string>> = {
  process: "the process: a function",
  input: "what comes with the command",
  units: "where the units are"
}

const rules = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => [
  section("Rules"),
  paragraph(
    "What has to hold for a command to be accepted, where its status allows it. ",
    { code: lifecycle.policy },
    ` is the cancellation policy: ${policies[lifecycle.policy].meaning}`
  ),
  table(
    ["Rule", "Before", "Looks at", "Refuses with", "Message", "Remedy"],
    rulesOf(lifecycle).map(({ name, command, kind, error }) => [
      [{ code: name }],
      [linkTo("command", command)],
      [wordsOfKind[kind]],
      [linkTo("error", error.code)],
      [error.message],
      [error.remedy]
    ])
  )
]

const errors = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => {
  const byCode = Map.groupBy(machineRefusals(lifecycle), ({ error }) => error.code)
  return [
    section("Errors"),
    paragraph(
      "A refusal changes nothing. Ids, numbers and statuses in messages of the library are those of an example. Besides, any command is refused " +
        "when its input is wrong, or when there is no such order."
    ),
    ...[...byCode].flatMap(([code, refusals]) => [entry("error", code), errorTable(refusals)])
  ]
}

const errorTable = (refusals: ReadonlyArray<MachineRefusal>): Block =>
  table(
    ["Command", "The order is", "What does not hold", "Message", "Remedy"],
    refusalsByLack(refusals).map(({ command, statuses, lacking, error }) => [
      [linkTo("command", command)],
      names(statuses),
      [{ code: lacking }],
      [error.message],
      [error.remedy]
    ])
  )

// --- events ------------------------------------------------------------------------------------------------------------------------------

/** A kind of event: the command that makes it, what it records, and what it says. */
interface EventKind {
  readonly kind: string
  readonly command: string
  readonly description: string
  readonly says: ReadonlyArray<Field>
  readonly personal: ReadonlyArray<Field>
}

const eventKinds = (lifecycle: OwnLifecycle): ReadonlyArray<EventKind> => [
  ...libraryEvents.map((member): EventKind => {
    const kind = member.fields.type.schema.literal
    const schema = jsonSchemaOf(member)
    return {
      kind,
      command: commandNames(lifecycle).find((name) => lifecycle.commands[name].kind === kind) ?? "place",
      description: descriptionOf(member),
      says: fieldsOfPart(schema, "details"),
      personal: fieldsOfPart(schema, "confidential")
    }
  }),
  ...[...lifecycle.process.commands].map(([name, command]) => ownEventKind(lifecycle.process, name, command))
]

const ownEventKind = (process: LoadedProcess, name: string, command: OwnCommand): EventKind => {
  const personal = command.personal ?? []
  const given = command.payload === undefined ? [] : fieldsOf(jsonSchemaOf(command.payload))
  const isPersonal = (field: Field) => personal.some((member) => isWithin(field.name, member))
  return {
    kind: command.event,
    command: name,
    description: command.description,
    says: [
      ...under(
        "details.payload",
        given.filter((field) => !isPersonal(field))
      ),
      ...(command.data === undefined ? [] : under("details.data", fieldsOf(jsonSchemaOf(process.data.schema))))
    ],
    personal: under("confidential", given.filter(isPersonal))
  }
}

/** Whether a field is a member or stands below it. */
const isWithin = (path: string, member: string) =>
  path === member || path.startsWith(`${member}.`) || path.startsWith(`${member}[`)

const under = (part: string, all: ReadonlyArray<Field>): ReadonlyArray<Field> =>
  all.map((field) => ({ ...field, name: `${part}.${field.name}` }))

const events = (lifecycle: OwnLifecycle): ReadonlyArray<Block> => {
  const all = eventKinds(lifecycle)
  return [
    section("Events"),
    table(
      ["Event", "Command", "What it records"],
      all.map(({ kind, command, description }) => [[linkTo("event", kind)], [commandNamed(lifecycle, command)], [description]])
    ),
    ...fields(commonEventFields(), "What every event says:"),
    ...all.flatMap(({ kind, says, personal }) => [
      entry("event", kind),
      ...(says.length + personal.length === 0 ? [paragraph("It says nothing besides what all events say.")] : []),
      ...fields(says, "What it says:"),
      ...fields(personal, "Personal members, kept apart so that they can be erased:")
    ])
  ]
}

/** An order is placed by no command of the lifecycle. */
const commandNamed = ({ commands }: OwnLifecycle, name: string): Name =>
  Object.hasOwn(commands, name) ? linkTo("command", name) : { code: name }

// --- data, rows and shapes ---------------------------------------------------------------------------------------------------------------

const ownData = ({ process: { data } }: OwnLifecycle): ReadonlyArray<Block> => {
  const members = fieldsOf(jsonSchemaOf(data.schema))
  if (members.length === 0) return []
  return [
    section("Own data"),
    ...fields(members, "What the process keeps with every order:"),
    paragraph("An order that was given none has:"),
    { kind: "json", value: data.initial }
  ]
}

const ownRows = ({ process: { tables } }: OwnLifecycle): ReadonlyArray<Block> => {
  if (tables.size === 0) return []
  const rowsOf = (columns: Readonly<Record<string, string>>, filledBy: string) =>
    Object.entries(columns).map(([column, type]): ReadonlyArray<Line> => [[{ code: column }], [{ code: type }], [filledBy]])
  return [
    section("Own rows"),
    paragraph("Tables that the process writes rows of, in the statement that commits a change."),
    ...[...tables].flatMap(([name, { columns }]): ReadonlyArray<Block> => [
      { kind: "heading", level: 3, text: name, id: idOf("table", name) },
      table(["Column", "Type", "Filled by"], [...rowsOf(filledColumns, "the library"), ...rowsOf(columns, "the process")])
    ])
  ]
}

/** Shapes with a name of their own, which fields of the process lead to. */
const shapes = ({ process }: OwnLifecycle): ReadonlyArray<Block> => {
  const schemas: ReadonlyArray<Schema.Constraint> = [
    process.data.schema,
    ...[...process.commands.values()].flatMap(({ payload }) => (payload === undefined ? [] : [payload]))
  ]
  const all = new Map(schemas.flatMap(shapesOf))
  if (all.size === 0) return []
  return [
    section("Shapes"),
    ...[...all].flatMap(([name, shape]): ReadonlyArray<Block> => {
      const members = fieldsOf(shape)
      const words: Line = members.length === 0 ? typeOf(shape) : [`A ${name} has:`]
      const heading: Block = { kind: "heading", level: 3, text: name, id: name.toLowerCase() }
      return [heading, ...(members.length === 0 ? [paragraph(...words)] : fields(members, ...words))]
    })
  ]
}
