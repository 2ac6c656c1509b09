/** The hand-written cancel behind Fastify, in a process of its own. Run with the URL of a database; it prints where it listens. */
import Fastify from "fastify"
import { cancelByHand, openPool, readByHand } from "./byHand.ts"

const orders = await openPool(process.argv[2] ?? "")
const app = Fastify()

app.get<{ Params: { id: string } }>("/orders/:id", async ({ params }, reply) => {
  const order = await readByHand(orders, params.id)
  return order ?? reply.code(404).send({ error: "there is no such order" })
})
app.post<{ Params: { id: string } }>("/orders/:id/cancel", async ({ params }) => {
  await cancelByHand(orders, params.id)
  return { id: params.id, status: "cancelled" }
})
process.stdout.write(`${await app.listen({ host: "127.0.0.1", port: 0 })}\n`)
process.once("SIGTERM", () => void app.close().then(() => orders.end()))
