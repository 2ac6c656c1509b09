/** The registry of assets that the library keeps: registering devices, changing them by hand, and where they are. */
import { expect } from "vitest"
import type { Answer, AssetFacts, Device } from "../Shop.ts"
import type { Product } from "../Surroundings.ts"
import type { StaffName, World } from "../World.ts"
import { makeTopic } from "./words.ts"

export const assets = makeTopic()
const { step } = assets

step("the shop keeps its assets in the library's registry", ({ world }) => {
  world.process = "asset registry"
})

const registering = (world: World, who: StaffName, device: Device) => () => world.shop.register(world.asking(who), device)
const changing = (world: World, who: StaffName, serial: string, change: Parameters<World["shop"]["changeAsset"]>[2]) => () =>
  world.shop.changeAsset(world.asking(who), serial, change)

/** What is given has to be accepted. */
const have = async (ask: () => Promise<Answer<unknown>>): Promise<void> => {
  const answer = await ask()
  if (!answer.accepted) throw new Error(`what is given was refused: ${answer.said}`)
}

step(
  "{staff} has registered {serials} as (a ){product}",
  async ({ world }, who: StaffName, serials: ReadonlyArray<string>, { variant: { sku } }: Product) => {
    for (const serial of serials) await have(registering(world, who, { serial, sku, status: "available" }))
  }
)

step(
  "{staff} registers {serial} as a {product} that is {assetStatus}",
  async ({ world }, who: StaffName, serial: string, { variant: { sku } }: Product, status: string) => {
    await world.look(serial, registering(world, who, { serial, sku, status }))
  }
)

step("{staff} has marked {serial} as {assetStatus}", ({ world }, who: StaffName, serial: string, status: string) =>
  have(changing(world, who, serial, { status }))
)

step("{staff} marks {serial} as {assetStatus}", async ({ world }, who: StaffName, serial: string, status: string) => {
  await world.look(serial, changing(world, who, serial, { status }))
})

step(
  "{staff} marks {serial} as {assetStatus} because {string}",
  async ({ world }, who: StaffName, serial: string, status: string, reason: string) => {
    await world.look(serial, changing(world, who, serial, { status, reason }))
  }
)

step("{staff} puts {serial} on {string}", async ({ world }, who: StaffName, serial: string, location: string) => {
  await world.look(serial, changing(world, who, serial, { location }))
})

step("{staff} takes {serial} out of use", async ({ world }, who: StaffName, serial: string) => {
  await world.look(serial, () => world.shop.withdrawAsset(world.asking(who), serial))
})

step("{staff} looks {serial} up", async ({ world }, who: StaffName, serial: string) => {
  await world.look(serial, () => world.shop.asset(world.asking(who), serial))
})

const assetOf = async (world: World, serial: string): Promise<AssetFacts> => {
  const answer = await world.shop.asset(world.asking("Ada"), serial)
  if (!answer.accepted) throw new Error(`no asset is shown: ${answer.said}`)
  return answer.facts
}

step("{serial} is {assetStatus}", async ({ world }, serial: string, status: string) => {
  const asset = await assetOf(world, serial)
  expect([asset.status, asset.subscriptionId]).toEqual([status, undefined])
})

step("{serial} is rented_out for its subscription", async ({ world }, serial: string) => {
  const { status, subscriptionId } = await assetOf(world, serial)
  expect({ status, subscriptionId }).toEqual({ status: "rented_out", subscriptionId: world.subscriptionFor(serial) })
})

step("{serial} is on {string}", async ({ world }, serial: string, location: string) => {
  expect((await assetOf(world, serial)).location).toBe(location)
})

step("of the {product} {count} can be rented", async ({ world }, { variant }: Product, available: number) => {
  expect((await world.shop.stock(world.asking("Ada"), variant.sku)).available).toBe(available)
})
