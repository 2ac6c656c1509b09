/** `docs/reference/http.md`: every route, drawn from the OpenAPI document that the service serves. */
import { fieldsOf, fieldTable, type JsonSchema, shapeLink, typeOf } from "../../src/draw/fields.ts"
import { blocks, code, drawTable, inMarkdown, prose, table } from "../../src/draw/markdown.ts"
import { servedOpenApi } from "./openApi.ts"
import { heading } from "./page.ts"

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
  readonly responses: Readonly<Record<string, Response>>
}

interface Response {
  readonly description: string
  readonly content?: Content
}

interface Document {
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly responses: Readonly<Record<string, Response>>
  }
}

interface Route extends Operation {
  readonly method: string
  readonly path: string
}

const routesOf = ({ paths }: Document): ReadonlyArray<Route> =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...(operation as Operation),
      method: method.toUpperCase(),
      path
    }))
  )

const errorLink = (name: string) => `[${code(name)}](errors.md#${name.toLowerCase()})`

/** The codes that a body of this schema can have. */
const codesIn = (schema: JsonSchema | undefined, schemas: Document["components"]["schemas"]): ReadonlyArray<string> => {
  if (schema?.allOf) return schema.allOf.flatMap((each) => codesIn(each, schemas))
  const named = schema?.$ref === undefined ? schema : schemas[schema.$ref.split("/").at(-1) ?? ""]
  return (named?.properties?.["error"]?.properties?.["code"]?.enum ?? []).map(String)
}

const drawBody = (schema: JsonSchema): string =>
  schema.$ref === undefined ? `\n\n${drawTable(fieldTable(fieldsOf(schema)))}` : ` ${inMarkdown([shapeLink(schema.$ref)])}.`

const drawParameters = (parameters: ReadonlyArray<Parameter>): string => {
  const rows = parameters.map(({ name, in: place, required, description, schema }) => [
    code(name),
    place,
    inMarkdown(typeOf(schema)),
    required ? "" : "yes",
    prose(description ?? schema.description ?? "")
  ])
  return rows.length === 0 ? "" : table(["Parameter", "In", "Type", "May be absent", "What it is"], rows)
}

/** Rows without those whose codes another row has, too. */
const unique = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> =>
  rows.filter(([codes = ""], index) => !rows.some(([others = ""], other) => other !== index && others.includes(codes)))

/** The page. */
export const drawHttp = async (): Promise<string> => {
  const document = (await servedOpenApi()) as Document
  const routes = routesOf(document)
  const { schemas, responses } = document.components

  /** Refusals for a reason of the operation's own. */
  const refusalsOf = (route: Route): ReadonlyArray<string> =>
    ["400", "404"]
      .flatMap((status) => codesIn(route.responses[status]?.content?.["application/json"]?.schema, schemas))
      .filter((name) => name !== "BAD_REQUEST" && name !== "VALIDATION_ERROR")
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
          drawParameters(route.parameters ?? []),
          body ? `The body${route.requestBody?.required === true ? "" : ", which may be left out"}:${drawBody(body)}` : "",
          answer ? `The answer, ${successOf(route)}:${drawBody(answer)}` : ""
        ).trimEnd()
      })
    ).trimEnd()
  })

  const common = Object.entries(responses).flatMap(([name, { description, content }]) => {
    const names = codesIn(content?.["application/json"]?.schema, schemas)
    return name === "OrderNotFound" || name === "NotFound" ? [] : [[names.map(errorLink).join(", "), prose(description)]]
  })
  return blocks(
    heading("The HTTP API", "src/http/Api.ts", "src/http/openApi.ts", "src/http/refusals.ts"),
    `Every call under \`/v1\` needs \`Authorization: Bearer <key>\` and \`Tenant-ID\`. The whole description, for tools, is served as
\`/openapi.json\`; it stands in \`docs/public/openapi.json\`, too. It says of every operation each status and each code that it can answer with.
Beside the refusals for a reason of its own, an operation can be refused for these:`,
    table(["Codes", "Cause"], unique(common)),
    ...sections,
    "## Shapes",
    "What has a name of its own above. Members that a request has besides are ignored.",
    ...Object.entries(document.components.schemas).map(([name, schema]) =>
      blocks(`### ${name}`, drawTable(fieldTable(fieldsOf(schema)))).trimEnd()
    )
  )
}
