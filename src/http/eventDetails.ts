/** What an event says in clear, as the API shows it: amounts in major units, ids of subscriptions by the API's older word for them. */
import type * as Schema from "effect/Schema"
import { type AuditEvent, isOwnEvent, libraryEvents } from "../order/AuditEvent.ts"
import { decimalsOnceAssumed, MinorUnits, toMajor } from "../order/Money.ts"
import { SubscriptionId } from "../order/Order.ts"

type Fields = Readonly<Record<string, Schema.Top>>

const fieldsByKind: ReadonlyMap<string, Fields> = new Map(
  libraryEvents.map(({ fields }) => [fields.type.schema.literal, fields.details.fields])
)

/** What a process's own event says is its own, and shown as it is. */
export const viewDetails = (event: AuditEvent): Readonly<Record<string, unknown>> => {
  const fields = isOwnEvent(event) ? undefined : fieldsByKind.get(event.type)
  return fields === undefined ? { ...event.details } : viewMembers(fields, event.details, decimalsOf(event.details))
}

/** Events say their decimals where they say an amount; those of before did not, and have what was assumed of the currency then. */
const decimalsOf = (details: AuditEvent["details"]): number => {
  if ("decimals" in details && details.decimals !== undefined) return details.decimals
  return "currency" in details ? decimalsOnceAssumed(details.currency) : 0
}

const viewMembers = (fields: Fields, members: object, decimals: number): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      const schema = fields[name]
      const shown =
        schema === SubscriptionId ? name.replace(/subscriptionId$/, "rentalId").replace(/SubscriptionId$/, "RentalId") : name
      return [shown, schema === undefined ? value : view(schema, value, decimals)]
    })
  )

const view = (schema: Schema.Top, value: unknown, decimals: number): unknown => {
  if (schema === MinorUnits) return toMajor(value as number, decimals)
  if ("fields" in schema && typeof value === "object" && value !== null)
    return viewMembers(schema.fields as Fields, value, decimals)
  if ("value" in schema && Array.isArray(value)) return value.map((each) => view(schema.value as Schema.Top, each, decimals))
  // Of what may be absent.
  return "schema" in schema ? view(schema.schema as Schema.Top, value, decimals) : value
}
