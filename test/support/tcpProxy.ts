/** A TCP proxy in front of a server, which can be told to fail as networks do. */
import { createServer, connect, type Socket } from "node:net"
import * as Effect from "effect/Effect"

/**
 * `pass` what either side says · `silent` keep the server's answers from the client · `cut` the connection as soon as the server answers ·
 * `mute` keep what the client says from the server · `hold back` what either side says until it may pass, as a network does that loses
 * everything for a while and then sends it again.
 */
export type Fault = "pass" | "silent" | "cut" | "mute" | "hold requests" | "hold answers"

/** A connection is cut in the middle, when so many bytes of the client's or of the server's have gone through. */
export interface Budget {
  readonly requests?: number
  readonly answers?: number
}

export interface TcpProxy {
  readonly port: number
  fault: Fault
  /** What each new connection may carry; everything unless told otherwise. */
  budget: () => Budget
  /** How many connections were cut, by budget or by `cut`. */
  readonly cuts: number
  /** How many sockets are open, two for each connection. */
  readonly connections: number
  /** Cut every connection now. */
  readonly reset: () => void
}

export const tcpProxy = (target: { readonly host: string; readonly port: number }) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<TcpProxy & { close: () => void }>((resolve, reject) => {
          const sockets = new Set<Socket>()
          let [fault, cuts]: [Fault, number] = ["pass", 0]
          /** What to do with each held chunk once it may pass. */
          let held: Array<() => void> = []
          const server = createServer((client) => {
            const upstream = connect(target)
            for (const socket of [client, upstream]) {
              sockets.add(socket)
              socket.on("error", () => {})
              socket.on("close", () => (client.destroy(), upstream.destroy(), sockets.delete(socket)))
            }
            let isCut = false
            const cut = () => {
              if (isCut) return
              isCut = true
              cuts++
              client.destroy()
              upstream.destroy()
            }
            const carry = (to: Socket, budget = Infinity) => {
              let left = budget
              return (chunk: Buffer) => {
                if (isCut) return
                if (chunk.length < left) {
                  left -= chunk.length
                  to.write(chunk)
                } else {
                  // What was let through still arrives: the end is sent behind it.
                  const other = to === client ? upstream : client
                  isCut = true
                  cuts++
                  to.end(chunk.subarray(0, left))
                  other.destroy()
                }
              }
            }
            const { requests, answers } = proxy.budget()
            const [toServer, toClient] = [carry(upstream, requests), carry(client, answers)]
            client.on("data", (chunk) => {
              if (fault === "hold requests") held.push(() => toServer(chunk))
              else if (fault !== "mute") toServer(chunk)
            })
            upstream.on("data", (chunk) => {
              if (fault === "cut") cut()
              else if (fault === "hold answers") held.push(() => toClient(chunk))
              else if (fault !== "silent") toClient(chunk)
            })
          })
          const proxy = {
            port: 0,
            budget: (): Budget => ({}),
            get cuts() {
              return cuts
            },
            get connections() {
              return sockets.size
            },
            get fault() {
              return fault
            },
            set fault(next: Fault) {
              fault = next
              const arriving = held
              held = []
              for (const arrive of arriving) arrive()
            },
            reset: () => {
              for (const socket of sockets) socket.destroy()
            },
            close: () => {
              proxy.reset()
              server.close()
            }
          }
          server.once("error", reject)
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            if (typeof address === "object" && address !== null) proxy.port = address.port
            resolve(proxy)
          })
        })
    ),
    (proxy) => Effect.sync(() => proxy.close())
  )
