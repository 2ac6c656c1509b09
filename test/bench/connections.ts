/**
 * Callers over HTTP who cost little: a connection each, one request after the other, written and read by hand, so that the machine's time goes to the
 * servers that are compared. Answers have a `Content-Length`.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"

export interface Request {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Send all of them over so many connections; throws unless each is answered 200. How long each took (ms). */
export const sendAll = async (
  url: string,
  connections: number,
  requests: ReadonlyArray<Request>
): Promise<ReadonlyArray<number>> => {
  const { hostname, port } = new URL(url)
  const left = requests.values()
  const times: Array<number> = []
  const caller = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, "connect")
    for (const request of left) {
      const began = performance.now()
      const status = await exchange(socket, hostname, request)
      if (status !== 200) throw new Error(`the work was not done: ${request.method} ${request.path} is answered ${status}`)
      times.push(performance.now() - began)
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: connections }, caller))
  return times
}

const exchange = (socket: Socket, host: string, { method, path, headers = {}, body = "" }: Request): Promise<number> =>
  new Promise((resolve, reject) => {
    let text = ""
    const end = (settle: () => void) => {
      socket.off("data", read)
      socket.off("close", cutOff)
      settle()
    }
    const cutOff = () => end(() => reject(new Error("the connection was closed")))
    const read = (bytes: Buffer) => {
      text += bytes.toString("latin1")
      const headEnd = text.indexOf("\r\n\r\n")
      if (headEnd < 0) return
      const length = /content-length: (\d+)/i.exec(text)?.[1]
      if (length === undefined) return end(() => reject(new Error(`an answer without a length: ${text.slice(0, headEnd)}`)))
      if (text.length >= headEnd + 4 + Number(length)) end(() => resolve(Number(text.slice(9, 12))))
    }
    socket.on("data", read)
    socket.on("close", cutOff)
    const lines = Object.entries({ host, ...(body !== "" && { "content-length": String(Buffer.byteLength(body)) }), ...headers })
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`)
  })
