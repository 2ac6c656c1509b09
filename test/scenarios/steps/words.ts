/** The words that steps share: who, what, how many, and the tables below a step. */
import { holdAndResume } from "../../../docs/examples/processes/hold-and-resume.ts"
import { AssetStatus } from "../../../src/asset/RegisteredAsset.ts"
import { LibraryStatus } from "../../../src/order/Order.ts"
import { cancellationPolicyNames } from "../../../src/order/policies/index.ts"
import { type Action, makeStepList } from "../stepList.ts"
import { type Product, products } from "../Surroundings.ts"
import { customers, type Item, staff, type World } from "../World.ts"

/** What a step works with: the scenario's world, and the table below the step. */
export interface Telling {
  readonly world: World
  readonly table: ReadonlyArray<ReadonlyArray<string>>
}

export const steps = makeStepList<Telling>()

/** The steps of one file: each a text and what it does. */
export const makeTopic = () => {
  const entries: Array<readonly [source: string, action: Action<Telling>]> = []
  const step = (source: string, action: Action<Telling>) => void entries.push([source, action])
  return { step, entries }
}

const escape = (text: string) => text.replaceAll(/[-[\]{}()*+?.,\\^$|#]/g, "\\$&")
const oneOf = (words: ReadonlyArray<string>) => new RegExp(words.map(escape).join("|"))
const bySku = new Map<string, Product>(products.map((product) => [product.variant.sku, product]))

/** A product by its name, in the singular or the plural; or a SKU, which need not exist. */
export const productNamed = (name: string): Product => {
  const product = products.find((each) => name === each.name || name === `${each.name}s`) ?? bySku.get(name)
  if (product) return product
  if (!/^[A-Z0-9-]+$/.test(name)) throw new Error(`the overview page has no product called ${name}`)
  const [any] = products
  if (any === undefined) throw new Error("the overview page has no products")
  return { name, variant: { ...any.variant, sku: name as Product["variant"]["sku"] } }
}

export const nameOfSku = (sku: string): string => bySku.get(sku)?.name ?? sku

steps.parameter("staff", oneOf(Object.keys(staff)), (name) => name)
steps.parameter("customer", oneOf(Object.keys(customers)), (name) => name)
steps.parameter(
  "product",
  new RegExp(`(?:${products.map(({ name }) => escape(name)).join("|")})s?|[A-Z]+(?:-[A-Z0-9]*[A-Z][A-Z0-9]*)+(?:-\\d+)?`),
  productNamed
)
steps.parameter("order", /(?:the (?:first|second|third) order)|the order|(?:Grace|Alan)'s order/, (name) => name)
steps.parameter("count", /none|\d+/, (text) => (text === "none" ? 0 : Number(text)))
steps.parameter("status", oneOf([...LibraryStatus.literals, ...holdAndResume.statuses.keys()]), (text) => text)
steps.parameter("assetStatus", oneOf(AssetStatus.literals), (text) => text)
steps.parameter("process", oneOf([holdAndResume.name]), (text) => text)
steps.parameter("command", oneOf([...holdAndResume.commands.keys()]), (text) => text)
steps.parameter("code", /[A-Z]+(?:_[A-Z]+)+/, (text) => text, { isSuggested: false })
steps.parameter("serial", /[A-Z]+-\d+/, (text) => text)
steps.parameter("serials", /[A-Z]+-\d+(?:(?:, | and )[A-Z]+-\d+)*/, (text) => text.split(/, | and /))
steps.parameter("words", /[A-Za-z]+(?:(?:, | and )[A-Za-z]+)*/, (text) => text.split(/, | and /), { isSuggested: false })
steps.parameter("money", /\d+(?:\.\d+)? [A-Z]{3}/, (text) => text)
steps.parameter("moment", /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/, (text) => text)
steps.parameter("policy", oneOf(cancellationPolicyNames), (text) => text)
steps.parameter("guard", /[a-z]+[A-Z]\w+/, (text) => text, { isSuggested: false })

/** The rows of a table by the names of its columns. A cell with a dash is left out. */
export const rowsOf = (table: Telling["table"]): ReadonlyArray<Readonly<Record<string, string>>> => {
  const [header = [], ...rows] = table
  if (rows.length === 0)
    throw new Error("this step needs a table below it, indented by two spaces, with a row of names and at least one more")
  return rows.map((row) =>
    Object.fromEntries(header.flatMap((name, column) => (row[column] === "–" ? [] : [[name, row[column] ?? ""]])))
  )
}

/** A row as a page has it, for comparing: only the columns of the page, in the words of the page. */
export const inColumns = (table: Telling["table"], facts: Readonly<Record<string, string | number | null | undefined>>) => {
  const [header = []] = table
  const entries = header.map((name) => {
    if (!(name in facts)) throw new Error(`this table has no column "${name}"; it can have: ${Object.keys(facts).join(", ")}`)
    const fact = facts[name]
    return [name, fact === null || fact === undefined ? undefined : String(fact)] as const
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** The items of an order, from a table with the columns product, quantity and months. */
export const itemsOf = (table: Telling["table"]): ReadonlyArray<Item> =>
  rowsOf(table).map(({ product = "", quantity, months }) => ({
    product: productNamed(product),
    quantity: Number(quantity),
    ...(months !== undefined && { months: Number(months) })
  }))
