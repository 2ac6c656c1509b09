/** A TCP proxy in front of a server, which can be told to fail as networks do. */
import { createServer, connect, type Socket } from "node:net"
import * as Effect from "effect/Effect"

/**
 * `pass` what either side says · `silent` keep the server's answers from the client · `cut` the connection as soon as the server answers ·
 * `mute` keep what the client says from the server.
 */
export type Fault = "pass" | "silent" | "cut" | "mute"

export interface TcpProxy {
  readonly port: number
  fault: Fault
}

export const tcpProxy = (target: { readonly host: string; readonly port: number }) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<TcpProxy & { close: () => void }>((resolve, reject) => {
          const sockets = new Set<Socket>()
          const server = createServer((client) => {
            const upstream = connect(target)
            for (const socket of [client, upstream]) {
              sockets.add(socket)
              socket.on("error", () => {})
              socket.on("close", () => (client.destroy(), upstream.destroy()))
            }
            client.on("data", (chunk) => proxy.fault !== "mute" && upstream.write(chunk))
            upstream.on("data", (chunk) => {
              if (proxy.fault === "pass") client.write(chunk)
              if (proxy.fault === "cut") client.destroy()
            })
          })
          const proxy = {
            port: 0,
            fault: "pass" as Fault,
            close: () => {
              for (const socket of sockets) socket.destroy()
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
