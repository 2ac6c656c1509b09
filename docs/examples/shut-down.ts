import type { Server } from "node:http"
import type { Orders } from "order-lifecycle/promise"

/** Told to end: take no more requests, finish those that are being answered, then let go of the database. */
export const shutDown = async (server: Server, orders: Orders): Promise<void> => {
  await new Promise((resolve) => server.close(resolve))
  await orders.close()
}
