/** The digest of Node.js gives what the portable one gives, so that a chain can be checked with either. */
import { describe, expect, it } from "vitest"
import { seal, verifyChain } from "../../src/order/auditChain.ts"
import { portableDigest } from "../../src/order/digest.ts"
import { nodeDigest } from "../../src/node/nodeDigest.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const text = fc.string({ unit: "binary", maxLength: 300 }).filter((each) => each.isWellFormed())
/** Also longer than a block of SHA-256, which HMAC treats in another way. */
const key = fc.oneof(text, fc.string({ unit: fc.constantFrom("0", "7", "a", "f"), minLength: 60, maxLength: 70 }))

describe("the digest of Node.js", () => {
  it("is the portable one", () => {
    fc.assert(
      fc.property(key, text, (someKey, message) => {
        expect(nodeDigest.sha256(message)).toBe(portableDigest.sha256(message))
        expect(nodeDigest.hmacSha256(someKey, message)).toBe(portableDigest.hmacSha256(someKey, message))
      }),
      { numRuns: numRuns(300) }
    )
  })

  it("seals events that the portable one verifies", () => {
    fc.assert(
      fc.property(history(10), ({ events }) => {
        let previousHash: string | null = null
        const chain = events.map((event, index) => {
          const sealed = seal(event, previousHash, index.toString(16).padStart(64, "0"), nodeDigest)
          previousHash = sealed.hash
          return sealed
        })
        expect(verifyChain(chain)).toBeNull()
        expect(verifyChain(chain, undefined, undefined, nodeDigest)).toBeNull()
      }),
      { numRuns: numRuns(50) }
    )
  })
})
