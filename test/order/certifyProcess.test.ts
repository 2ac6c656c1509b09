/** The examples of processes are certified, and a fault that is planted in each is found and shown. */
import * as Schema from "effect/Schema"
import { orderProcess } from "order-lifecycle"
import { certifyProcess, NotCertified } from "order-lifecycle/testing"
import { describe, expect, it } from "vitest"
import { cancellationWindow } from "../../docs/examples/processes/cancellation-window.ts"
import { holdAndResume } from "../../docs/examples/processes/hold-and-resume.ts"
import { pickUp } from "../../docs/examples/processes/pick-up.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { tried } from "../support/evidence.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals are errors.
withoutStackTraces()

const actors = [{ userId: "ada" }, { userId: "eve", role: "manager" }]
const refusal = { code: "NEVER", message: "Never.", remedy: "None." }

const faultOf = (process: OrderProcess) => {
  try {
    certifyProcess(process, { actors, seed: 1 })
  } catch (error) {
    if (error instanceof NotCertified) return error
    throw error
  }
  throw new Error("the fault was not found")
}

describe("a worked process", () => {
  it.each([
    ["a cancellation window", cancellationWindow],
    ["hold and resume", holdAndResume],
    ["pick-up", pickUp]
  ] as const)("%s is certified", (_, process) => {
    const certificate = certifyProcess(process, { actors, seed: 1 })
    tried("lives of orders under worked processes", certificate.lives)
    expect(certificate).toMatchObject({
      lives: 1_000,
      guardsThatNeverRefused: [],
      guardsThatAlwaysRefused: [],
      guardsNeverAsked: [],
      commandsNeverAccepted: [],
      statusesNeverReached: []
    })
  })

  it("says which rules let nothing through, which do nothing, and what is never reached", () => {
    const process = pickUp
      .guard("never", { before: "confirm", holds: () => false, refusal })
      .guard("everybody", { before: "cancel", holds: () => true, refusal })
    expect(certifyProcess(process, { actors, lives: 200 })).toMatchObject({
      guardsThatAlwaysRefused: ["never"],
      guardsThatNeverRefused: ["everybody"],
      guardsNeverAsked: ["ready", "waitsAWeek"],
      commandsNeverAccepted: [
        "confirm",
        "startSubscription",
        "cancelSubscription",
        "returnSubscription",
        "buyOutSubscription",
        "completeSubscription",
        "extendSubscription",
        "replaceAsset",
        "upgradeSubscription",
        "makeReady",
        "putBack"
      ],
      statusesNeverReached: ["confirmed", "partial", "fulfilled", "ready"]
    })
  })
})

describe("a fault", () => {
  it("in a window, whose guard does not answer the same twice, is found, and shown by the shortest script", () => {
    let count = 0
    const { message, script } = faultOf(
      cancellationWindow.guard("everySecond", { before: "cancel", holds: () => count++ % 2 === 0, refusal })
    )
    expect(message).toMatch(/^the process cancellation-window: cancel is decided otherwise when it is asked again/)
    expect(script[0]).toMatch(/^place/)
    // How short it gets is chance, where asking changes the answer.
    expect(script.length).toBeLessThan(12)
  })

  it("in hold and resume, whose data are changed where they stand, is found", () => {
    const { message, script } = faultOf(
      holdAndResume.command("count", {
        description: "Counts.",
        event: "order.counted",
        from: { confirmed: "confirmed" },
        otherwise: refusal,
        data: ({ order }) => Object.assign(order.data, { holds: 7 })
      })
    )
    expect(message).toContain("the data after count threw: Cannot assign to read only property 'holds'")
    expect(script.map((line) => line.split(" ")[0])).toEqual(["place", "confirm", "count"])
  })

  it("in pick-up, whose guard throws for orders without data, is found", () => {
    const { message, script } = faultOf(
      pickUp.guard("shopIsKnown", {
        before: "cancel",
        holds: ({ order }) => (order.data.shop as string).length > 0,
        refusal
      })
    )
    expect(message).toContain("the guard shopIsKnown before cancel threw: Cannot read properties of undefined")
    expect(script).toHaveLength(2)
  })

  it("in rows, which differ each time, is found", () => {
    let count = 0
    const process = orderProcess("counting").rows("shop.counts", { count: "integer" }, () => [{ count: count++ }])
    expect(faultOf(process).message).toContain("the rows of")
  })

  it("in a payload that its own schema makes is shown with the payload", () => {
    const process = orderProcess("noting").command("note", {
      description: "Notes.",
      payload: Schema.Struct({ weight: Schema.Int }),
      event: "order.noted",
      from: { pending: "pending" },
      otherwise: refusal
    })
    const { script } = faultOf(
      process.guard("light", {
        before: "note",
        holds: ({ command }) => {
          if (command.weight > 10) throw new Error("too heavy to say")
          return true
        },
        refusal
      })
    )
    expect(script.at(-1)).toMatch(/^note \{"weight":\d+\}/)
  })
})
