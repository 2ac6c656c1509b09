/**
 * The served OpenAPI description, as a judge of answers: whether an answer has a status that the operation declares, and the shape that
 * goes with it. What every operation can answer is declared once, under `components.responses`, by code.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"

interface Response {
  readonly description: string
  readonly content?: { readonly "application/json"?: { readonly schema: object } }
}
interface Operation {
  readonly responses: Readonly<Record<string, Response>>
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly responses: Readonly<Record<string, Response>> }
}

export interface Answered {
  readonly status: number
  readonly text: string
}

/** Says what is wrong with an answer to a request, or nothing. */
export const contractOf = (description: unknown) => {
  const { paths, components } = description as Description
  const ajv = new Ajv2020({ strict: false, formats: { uuid: true, "date-time": true } })
  ajv.addSchema(description as object, "openapi")
  const validators = new Map<string, ValidateFunction>()
  const validator = (pointer: string) => {
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` })
    validators.set(pointer, known)
    return known
  }
  const operations = Object.entries(paths).map(([template, item]) => ({
    template,
    item,
    pattern: new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`)
  }))

  /** Where the description has the schema of an answer. */
  const find = (method: string, path: string, status: number, code: unknown): string | undefined => {
    const found = operations.find(({ pattern }) => pattern.test(path.split("?")[0] ?? ""))
    const operation = found?.item[method.toLowerCase()]
    if (found && operation?.responses[status]?.content) {
      const steps = [
        "paths",
        found.template,
        method.toLowerCase(),
        "responses",
        String(status),
        "content",
        "application/json",
        "schema"
      ]
      return steps.map((step) => `/${encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("")
    }
    const isCommon = typeof code === "string" && components.responses[code]?.description.startsWith(`${status}. `)
    return isCommon === true ? `/components/responses/${code}/content/application~1json/schema` : undefined
  }

  return (method: string, path: string, { status, text }: Answered): string | undefined => {
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return `${method} ${path}: ${status} with a body that is not JSON: ${text.slice(0, 200)}`
    }
    const code = (body as { error?: { code?: unknown } }).error?.code
    const pointer = find(method, path, status, code)
    if (pointer === undefined) return `${method} ${path}: ${status} ${String(code)} is not declared`
    const validate = validator(pointer)
    return validate(body) ? undefined : `${method} ${path}: ${status} ${ajv.errorsText(validate.errors)}: ${text.slice(0, 200)}`
  }
}
