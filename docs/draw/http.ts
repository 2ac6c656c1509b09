/** `docs/reference/http.md`: every route, drawn from the OpenAPI document that the service serves. */
import { drawFields, fieldsOf, type JsonSchema, shapeLink, typeOf } from "./fields.ts"
import { blocks, code, heading, prose, table } from "./markdown.ts"
import { servedOpenApi } from "./openApi.ts"
import { provokeAll } from "./provocations.ts"

interface Content {
  readonly "application/json"?: { readonly schema: JsonSchema }
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

interface Operation {
  readonly operationId: string
  readonly tags: ReadonlyArray<string>
  readonly summary: string
  readonly description: string
  readonly parameters?: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Content; readonly required?: boolean }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

interface Document {
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly responses: Readonly<Record<string, { readonly description: string }>>
  }
}

interface Route extends Operation {
  readonly method: string
  readonly path: string
  /** Parameters of the path itself, and of the operation. */
  readonly all: ReadonlyArray<Parameter>
}

const routesOf = ({ paths }: Document): ReadonlyArray<Route> =>
  Object.entries(paths).flatMap(([path, item]) => {
    const { parameters: shared = [], ...operations } = item
    return Object.entries(operations).map(([method, value]) => {
      const operation = value as Operation
      // What the document says of a whole path is about keys, which count on a POST only.
      const all = [...(operation.parameters ?? []), ...(method === "post" ? (shared as ReadonlyArray<Parameter>) : [])]
      return { ...operation, method: method.toUpperCase(), path, all }
    })
  })

const errorLink = (name: string) => `[${code(name)}](errors.md#${name.toLowerCase()})`

/** The codes that each operation is refused with for a reason of its own: those that were provoked, and what it cannot find. */
const refusalsByOperation = async (): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const codesByOperation = new Map<string, Set<string>>()
  for (const { method, exchange } of await provokeAll()) {
    if (method === null) continue
    const { error } = exchange.body as { readonly error: { readonly code: string } }
    codesByOperation.set(exchange.operation, (codesByOperation.get(exchange.operation) ?? new Set()).add(error.code))
  }
  return codesByOperation
}

const drawBody = (schema: JsonSchema): string =>
  schema.$ref === undefined ? `\n\n${drawFields(fieldsOf(schema))}` : ` ${shapeLink(schema.$ref)}.`

const drawParameters = (parameters: ReadonlyArray<Parameter>): string => {
  const rows = parameters.map(({ name, in: place, required, description, schema }) => [
    code(name),
    place,
    typeOf(schema),
    required ? "" : "yes",
    prose(description ?? schema.description ?? "")
  ])
  return rows.length === 0 ? "" : table(["Parameter", "In", "Type", "May be absent", "What it is"], rows)
}

/** The page. */
export const drawHttp = async (): Promise<string> => {
  const document = (await servedOpenApi()) as Document
  const routes = routesOf(document)
  const provoked = await refusalsByOperation()

  const refusalsOf = ({ operationId, responses }: Route): ReadonlyArray<string> => {
    const own = [...(provoked.get(operationId) ?? [])]
    if (responses["404"] && !own.some((name) => name.endsWith("NOT_FOUND"))) own.push("NOT_FOUND")
    return own.length === 0 && responses["400"] ? ["VALIDATION_ERROR"] : own
  }
  const successOf = ({ responses }: Route): string => {
    const [[status, { description }] = ["", { description: "" }]] = Object.entries(responses)
    return `${status} ${description}`
  }

  const sections = document.tags.map(({ name, description }) => {
    const own = routes.filter(({ tags }) => tags.includes(name))
    return blocks(
      `## ${name}`,
      description,
      table(
        ["Method and path", "What it does", "Success", "Refusals"],
        own.map((route) => [
          `[${code(`${route.method} ${route.path}`)}](#${route.operationId.toLowerCase()})`,
          route.summary,
          successOf(route),
          refusalsOf(route).map(errorLink).join(", ") || "–"
        ])
      ),
      ...own.map((route) => {
        const body = route.requestBody?.content["application/json"]?.schema
        const answer = Object.entries(route.responses)[0]?.[1].content?.["application/json"]?.schema
        return blocks(
          `### ${route.operationId}`,
          `${code(`${route.method} ${route.path}`)}: ${route.description}`,
          drawParameters(route.all),
          body ? `The body${route.requestBody?.required === true ? "" : ", which may be left out"}:${drawBody(body)}` : "",
          answer ? `The answer, ${successOf(route)}:${drawBody(answer)}` : ""
        ).trimEnd()
      })
    ).trimEnd()
  })

  const common = Object.entries(document.components.responses)
  return blocks(
    heading("The HTTP API", "src/http/Api.ts", "src/http/openApi.ts"),
    `Every call under \`/v1\` needs \`Authorization: Bearer <key>\` and \`Tenant-ID\`. The whole description, for tools, is served as
\`/openapi.json\`; it stands in \`docs/public/openapi.json\`, too. Beside the refusals that an operation has for a reason of its own, any request
can be answered with one of these:`,
    table(
      ["Code", "HTTP status and cause"],
      common.map(([name, { description }]) => [errorLink(name), prose(description)])
    ),
    ...sections,
    "## Shapes",
    "What has a name of its own above. Members that a request has besides are ignored.",
    ...Object.entries(document.components.schemas).map(([name, schema]) =>
      blocks(`### ${name}`, drawFields(fieldsOf(schema))).trimEnd()
    )
  )
}
