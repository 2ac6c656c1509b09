/** HTTP by hand: bytes sent as they are, and answers read by a reader that forgives nothing. Text is Latin-1, a character a byte. */
import { connect, type Socket } from "node:net"

export interface ExchangeOptions {
  /** What is done with the connection once everything is sent; otherwise it is left to the server to close it. */
  readonly ending?: "half-close" | "reset"
}

/** Send the parts, and read until the connection is closed. An error of the connection is its end too. */
export const exchange = (port: number, parts: Iterable<string>, { ending }: ExchangeOptions = {}): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    const received: Array<Buffer> = []
    socket.on("data", (bytes: Buffer) => received.push(bytes))
    // What was closed by the other side while this one still writes.
    socket.on("error", () => {})
    socket.on("end", () => void socket.end())
    socket.on("close", () => resolve(Buffer.concat(received).toString("latin1")))
    socket.on("connect", () => void send(socket, parts, ending))
  })

const send = async (socket: Socket, parts: Iterable<string>, ending: ExchangeOptions["ending"]) => {
  for (const part of parts) {
    if (socket.destroyed || socket.writableEnded) return
    await new Promise<void>((written) => void socket.write(part, "latin1", () => written()))
  }
  if (ending === "half-close") socket.end()
  else if (ending === "reset") socket.resetAndDestroy()
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Answers as RFC 9112 has them, one behind the other and nothing besides; throws at the first byte that is out of place. */
export const answersIn = (received: string, isToHead = false): ReadonlyArray<RawAnswer> => {
  const answers: Array<RawAnswer> = []
  let rest = received
  while (rest !== "") {
    const end = rest.indexOf("\r\n\r\n")
    if (end < 0) throw new Error(`an answer without an end: ${JSON.stringify(rest.slice(0, 200))}`)
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n")
    rest = rest.slice(end + 4)
    const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [ -~]*$/.exec(line)?.[1])
    if (!status) throw new Error(`no status line: ${JSON.stringify(line)}`)
    const headers = new Headers()
    for (const field of fields) {
      const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([!-~](?:[ -~]*[!-~])?)?$/.exec(field) ?? []
      if (name === undefined) throw new Error(`no header: ${JSON.stringify(field)}`)
      if (headers.has(name)) throw new Error(`a header twice: ${name}`)
      headers.set(name, value ?? "")
    }
    if (status < 200) continue
    const length = isToHead ? 0 : Number(headers.get("content-length") ?? "NaN")
    if (!Number.isSafeInteger(length)) throw new Error(`an answer without a length: ${line}`)
    if (rest.length < length) throw new Error(`an answer that breaks off: ${line}`)
    answers.push({ status, headers, text: Buffer.from(rest.slice(0, length), "latin1").toString("utf8") })
    rest = rest.slice(length)
  }
  return answers
}
