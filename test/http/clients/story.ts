/** What the story of a generated client is told with, and what it comes to. */
export interface Telling {
  readonly baseUrl: string
  /** Wait as long as `Retry-After` says. */
  readonly wait: (seconds: number) => Promise<void>
}

export const customer = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" }
export const billingAddress = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }
export const items = [{ sku: "LAPTOP", quantity: 1 }]

/** The outcomes, in order, that every client has to come to. */
export const outcomes = [
  "place 503 UNAVAILABLE",
  "place 201 pending",
  "list 1",
  "confirm 200",
  "start 201 active",
  "cancel 400 ORDER_NOT_CANCELLABLE",
  "end 200 active",
  "cancel 200",
  "cancel again 200",
  "cancel otherwise 422 IDEMPOTENCY_KEY_REUSED",
  "get 404 NOT_FOUND"
]
