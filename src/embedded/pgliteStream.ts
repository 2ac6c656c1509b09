/**
 * A stream that speaks PostgreSQL's wire protocol with a PGlite in the same process, so that the driver for servers serves here as well:
 * the same statements, the same values, the same errors.
 */
import { Duplex } from "node:stream"
import type { PGlite } from "@electric-sql/pglite"

const cancelRequest = 80_877_102
const terminate = 0x58

/** A new session. All streams of one PGlite share its one backend, so only one of them may be in use at a time. */
export const pgliteStream = (database: PGlite): Duplex => {
  let isInTransaction = false

  const answer = async (message: Uint8Array): Promise<Uint8Array | null> => {
    // A query in the same thread cannot be cancelled while it runs, and afterwards there is nothing to cancel.
    if (message.length === 16 && Buffer.from(message).readUInt32BE(4) === cancelRequest) return null
    // The end of this session is not the end of the backend.
    if (message[0] === terminate) return null
    const reply = await database.runExclusive(() => database.execProtocolRaw(message))
    isInTransaction = !endsIdle(reply)
    return reply
  }

  return new Duplex({
    read() {},
    write(message: Uint8Array, _, done) {
      answer(message).then((reply) => {
        this.push(reply)
        done()
      }, done)
    },
    final(done) {
      this.push(null)
      done()
    },
    // What the session leaves open would otherwise be found, and committed, by the next one.
    destroy(error, done) {
      const undone = isInTransaction ? database.exec("ROLLBACK") : Promise.resolve()
      undone.then(
        () => done(error),
        () => done(error)
      )
    }
  })
}

/** Whether a reply ends with "ready for query, not in a transaction". */
const endsIdle = (reply: Uint8Array): boolean => reply.at(-6) === 0x5a && reply.at(-1) === 0x49
