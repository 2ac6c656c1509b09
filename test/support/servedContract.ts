/**
 * The OpenAPI description as a judge of answers: whether an answer has a status that the operation promises, the shape that goes with it
 * and no member besides, and the headers that the description names.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import * as OpenApi from "effect/http-api/OpenApi"
import { Api } from "../../src/http/Api.ts"
import { type Code, statusByCode } from "../../src/http/errors.ts"

interface Referable {
  readonly $ref?: string
}
interface Header extends Referable {
  readonly required?: boolean
}
interface Response extends Referable {
  readonly headers?: Readonly<Record<string, Header>>
  readonly content?: { readonly "application/json"?: { readonly schema: Schema } }
}
interface Schema extends Referable {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly allOf?: ReadonlyArray<Schema>
  readonly enum?: ReadonlyArray<string>
}
interface Operation {
  readonly operationId: string
  /** The schema of the answer to a dry run, where there is one. */
  readonly "x-dry-run"?: Schema
  readonly responses: Readonly<Record<string, Response>>
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly responses: Readonly<Record<string, Response>>
    readonly schemas: Readonly<Record<string, Schema>>
  }
}

export interface Answered {
  readonly status: number
  readonly text: string
  readonly headers?: Headers
}

/** An answer that some operation promises: `cancelOrder 400 ALREADY_CANCELLED`; without a code when it is a success. */
export type Promised = string

/** Headers that mean something to a client: an answer has them only where the description says so. */
const tellingHeaders = ["retry-after", "www-authenticate", "allow", "idempotent-replayed", "etag", "preference-applied"]

/**
 * The same description with every object closed: what it does not name must not be there. `Error` stays as the specification has it; what
 * stands beside it says the same and more.
 */
const closed = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(closed)
  if (typeof json !== "object" || json === null) return json
  const { $ref, ...rest } = json as Readonly<Record<string, unknown>>
  const entries = Object.entries(rest).map(([name, value]) => [name, name === "Error" ? value : closed(value)])
  return {
    ...Object.fromEntries(entries),
    ...($ref !== undefined && { $ref }),
    ...("properties" in rest && typeof rest["type"] === "string" && { additionalProperties: false })
  }
}

const isDryRun = (path: string): boolean => path.includes("dryRun=true")

const escaped = (step: string) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))

const codeIn = (body: unknown): unknown => (body as { error?: { code?: unknown } } | null | undefined)?.error?.code

export const contractOf = (description: unknown) => {
  const { paths, components } = description as Description
  const ajv = new Ajv2020({ strict: false, formats: { uuid: true, "date-time": true } })
  ajv.addSchema(closed(description) as object, "openapi")
  const validators = new Map<string, ValidateFunction>()
  const validator = (pointer: string) => {
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` })
    validators.set(pointer, known)
    return known
  }
  const resolve = <A extends Referable>(value: A): A =>
    value.$ref === undefined
      ? value
      : (value.$ref
          .slice(2)
          .split("/")
          .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], description) as A)

  const operations = Object.entries(paths).map(([template, item]) => ({
    template,
    item,
    pattern: new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`)
  }))
  const operationOf = (method: string, path: string) => {
    // A head is the answer to GET without its body.
    const verb = method === "HEAD" ? "get" : method.toLowerCase()
    // A path with a parameter stands for what no other path says literally.
    const fitting = operations
      .filter(({ pattern }) => pattern.test(path.split("?")[0] ?? ""))
      .toSorted((a, b) => a.template.split("{").length - b.template.split("{").length)
    const found = fitting.find(({ item }) => verb in item) ?? fitting[0]
    const operation = found?.item[verb]
    return found && operation && { operation, pointer: `/paths/${escaped(found.template)}/${verb}` }
  }

  const codesIn = (schema: Schema): ReadonlyArray<string> => {
    const { allOf, properties } = schema.allOf ? schema : resolve(schema)
    if (allOf) return allOf.flatMap(codesIn)
    return properties?.["error"]?.properties?.["code"]?.enum ?? []
  }

  const successOf = (method: string, path: string): number =>
    Number(Object.keys(operationOf(method, path)?.operation.responses ?? {}).find((status) => status < "300") ?? 200)

  /** Where an answer is described. What no operation answers (an unknown path, another method) is described by its code alone. */
  const responseOf = (method: string, path: string, status: number, code: unknown): readonly [Response, string] | undefined => {
    const found = operationOf(method, path)
    if (found) {
      const response = found.operation.responses[status]
      if (response === undefined) return undefined
      return [resolve(response), response.$ref?.slice(1) ?? `${found.pointer}/responses/${status}`]
    }
    if (typeof code !== "string" || statusByCode[code as Code] !== status) return undefined
    const shared = Object.entries(components.responses).find(([, { content }]) => {
      const schema = content?.["application/json"]?.schema
      return schema !== undefined && codesIn(schema).includes(code)
    })
    return shared && [shared[1], `/components/responses/${shared[0]}`]
  }

  /** All that is promised. */
  const promised = (): ReadonlyArray<Promised> =>
    Object.values(paths)
      .flatMap((item) => Object.values(item))
      .flatMap((operation) => [
        ...("x-dry-run" in operation ? [`${operation.operationId} dry run`] : []),
        ...promisedBy(operation)
      ])

  const promisedBy = ({ operationId, responses }: Operation): ReadonlyArray<Promised> =>
    Object.entries(responses).flatMap(([status, response]) => {
      const schema = resolve(response).content?.["application/json"]?.schema
      const codes = schema === undefined || Number(status) < 400 ? [] : codesIn(schema)
      return codes.length === 0 ? [`${operationId} ${status}`] : codes.map((code) => `${operationId} ${status} ${code}`)
    })

  const met = new Set<Promised>()

  /** What is wrong with an answer to a request, or nothing. Then it is noted as met. */
  const judge = (method: string, path: string, answer: Answered): string | undefined => {
    const breach = breachOf(method, path, answer)
    const found = method === "HEAD" || breach !== undefined ? undefined : operationOf(method, path)
    if (found) {
      const code = answer.status < 400 ? [] : [codeIn(JSON.parse(answer.text))]
      const isDry = isDryRun(path) && answer.status < 400
      met.add([found.operation.operationId, isDry ? "dry run" : answer.status, ...code].join(" "))
    }
    return breach
  }

  const breachOf = (method: string, path: string, { status, text, headers }: Answered): string | undefined => {
    const request = `${method} ${path}: ${status}`
    let body: unknown
    try {
      body = text === "" ? undefined : JSON.parse(text)
    } catch {
      return `${request} with a body that is not JSON: ${text.slice(0, 200)}`
    }
    // What a command answers with 201, its dry run answers with 200: the headers are the same.
    const found = responseOf(method, path, isDryRun(path) && status === 200 ? successOf(method, path) : status, codeIn(body))
    if (found === undefined && method === "HEAD") return undefined
    if (found === undefined) return `${request} is not promised: ${text.slice(0, 200)}`
    const [response, ofStatus] = found
    const dryRun = isDryRun(path) && status < 400 ? operationOf(method, path)?.operation["x-dry-run"] : undefined
    const pointer = dryRun?.$ref?.slice(1) ?? `${ofStatus}/content/application~1json/schema`
    if (headers !== undefined) {
      const named = Object.entries(response.headers ?? {})
      for (const [name, header] of named) {
        if (resolve(header).required === true && !headers.has(name)) return `${request} has no ${name}`
      }
      const extra = tellingHeaders.find((name) => headers.has(name) && !named.some(([known]) => known.toLowerCase() === name))
      if (extra !== undefined) return `${request} has ${extra}, which is not promised`
    }
    if (method === "HEAD") return text === "" ? undefined : `${request} has a body`
    const validate = validator(pointer)
    return validate(body) ? undefined : `${request} ${ajv.errorsText(validate.errors)}: ${text.slice(0, 200)}`
  }

  return { judge, promised, met }
}

let own: ReturnType<typeof contractOf> | undefined

/** The description that the service serves. */
export const servedContract = () => (own ??= contractOf(JSON.parse(JSON.stringify(OpenApi.fromApi(Api)))))
