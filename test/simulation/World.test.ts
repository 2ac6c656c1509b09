import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as SecureRandom from "effect/crypto/SecureRandom"
import { describe, expect, it } from "vitest"
import { World } from "../../src/simulation/World.ts"

/** Start some programs at once in a new world, let everything happen, and say what they wrote down, with the time. */
const happenings = async (
  ...programs: ReadonlyArray<(note: (what: string) => Effect.Effect<void>, world: World) => Effect.Effect<void>>
) => {
  const world = new World(0)
  const notes: Array<string> = []
  const note = (what: string) => Effect.sync(() => void notes.push(`${world.now} ${what}`))
  for (const program of programs) world.at(0, () => world.start(world.references(1), program(note, world), () => undefined))
  await Effect.runPromise(world.proceed())
  return notes
}

describe("the time of a world", () => {
  it("jumps to whatever is due next, and nobody waits for it", async () => {
    const aYear = 365 * 24 * 3_600_000
    const notes = await happenings((note) => Effect.andThen(Effect.sleep(aYear), note("a year later")))
    expect(notes).toEqual([`${aYear} a year later`])
  })

  it("brings things in the order of their times, and those of one time in the order in which they were planned", async () => {
    const after = (ms: number, what: string) => (note: (what: string) => Effect.Effect<void>) =>
      Effect.andThen(Effect.sleep(ms), note(what))
    expect(await happenings(after(20, "c"), after(10, "a"), after(10, "b"))).toEqual(["10 a", "10 b", "20 c"])
  })

  it("passes in the middle of a fiber just as it does for one that sleeps, when others have something to do in between", async () => {
    const notes = await happenings(
      (note, world) => Effect.andThen(world.pass(10), note("passed")),
      (note) => Effect.andThen(Effect.sleep(5), note("slept"))
    )
    expect(notes).toEqual(["5 slept", "10 passed"])
  })

  it("is the time of Effect's clock, except that a clock on the wall may be wrong", async () => {
    const notes = await happenings((note, world) =>
      Effect.gen(function* () {
        yield* Effect.sleep(1_000)
        yield* note(`clock ${yield* Clock.currentTimeMillis}`)
        world.clockError = -400
        yield* note(`clock ${yield* Clock.currentTimeMillis}`)
        yield* Effect.sleep(10)
        yield* note(`clock ${yield* Clock.currentTimeMillis}`)
      })
    )
    expect(notes).toEqual(["1000 clock 1000", "1000 clock 600", "1010 clock 610"])
  })

  it("does not wake a fiber that was interrupted in its sleep", async () => {
    const world = new World(0)
    const exits: Array<string> = []
    const started = world.start(Context.empty(), Effect.provideContext(Effect.sleep(100), world.references(1)), (exit) =>
      exits.push(`${world.now} ${Exit.isSuccess(exit) ? "woken" : "interrupted"}`)
    )
    world.at(50, () => started.interrupt())
    await Effect.runPromise(world.proceed())
    expect(exits).toEqual(["50 interrupted"])
  })

  it("stands still while something outside is waited for", async () => {
    const outside = Effect.callback<string>((resume) => {
      const timer = setTimeout(() => resume(Effect.succeed("answer")), 5)
      return Effect.sync(() => clearTimeout(timer))
    })
    const notes = await happenings(
      (note, world) =>
        Effect.gen(function* () {
          yield* Effect.sleep(10)
          yield* note(yield* world.outside(outside))
          const forked = yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, note("a child of it")))
          yield* Fiber.join(forked)
        }),
      (note) => Effect.andThen(Effect.sleep(11), note("later"))
    )
    expect(notes).toEqual(["10 answer", "10 a child of it", "11 later"])
  })
})

describe("the chance of a world", () => {
  const drawn = (seed: number) => {
    const world = new World(0)
    const program = Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      return [yield* Random.next, yield* Random.nextInt, yield* random.uuidV7(), yield* random.randomBytes(8)]
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto))
    return Effect.runSyncWith(world.references(seed))(program)
  }

  it("is the same for the same seed, and another for another", () => {
    expect(drawn(7)).toEqual(drawn(7))
    expect(drawn(8)).not.toEqual(drawn(7))
  })
})
