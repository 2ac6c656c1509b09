/**
 * The script of the page: what a reader does with the live machine. It asks nothing of any other machine, and writes text only as text. What it
 * looks up is described in `liveModel.ts`, and the elements that it finds are written by `livePart.ts`.
 */
export const liveScript = `"use strict"
const element = (id) => document.getElementById(id)
const model = JSON.parse(element("model").textContent)
const buttons = [...document.querySelectorAll("button[data-command]")]
const lacking = new Set()
let order = model.first

// --- what the machine answers ---

const holds = (fact) => (Object.hasOwn(model.facts, fact) ? model.facts[fact].includes(order.units) : !lacking.has(fact))
const applies = ({ condition }) => condition === undefined || holds(condition.fact) === condition.expected

/** Where a command leads, or all that is in its way. */
const decide = (command) => {
  const answers = model.answers[order.status][command]
  const answer = answers.find(applies)
  if (answer.refusal) {
    const others = answers.filter((each) => each.refusal && each.condition && applies(each))
    return { refusals: (others.length > 0 ? others : [answer]).map(({ refusal }) => refusal) }
  }
  let units = order.units
  for (const consequence of answer.consequences) units = units && model.moves[consequence][units]
  return units === undefined ? { refusals: [] } : { after: { status: answer.to, units } }
}

// --- what is shown ---

const withText = (tag, text) => Object.assign(document.createElement(tag), { textContent: text })

const codesOf = (refusals) => [...new Set(refusals.map(({ code }) => code))].join(", ")

const outlookOf = ({ after, refusals }) => {
  if (after) return "→ " + after.status
  return refusals.length > 0 ? "refused: " + codesOf(refusals) : "no unit to move"
}

const light = (taken) => {
  const open = new Map()
  for (const button of buttons) {
    const { command } = button.dataset
    const { after } = decide(command)
    if (after) open.set(after.status, [...(open.get(after.status) ?? []), command])
  }
  for (const box of document.querySelectorAll(".box")) {
    const commands = open.get(box.dataset.status) ?? []
    box.classList.toggle("is-current", box.dataset.status === order.status)
    box.classList.toggle("is-open", commands.length > 0)
    box.querySelector(".by").textContent = commands.join(", ")
  }
  for (const way of document.querySelectorAll(".way")) {
    const { from, to } = way.dataset
    way.classList.toggle("is-open", from === order.status && open.has(to))
    way.classList.toggle("is-taken", taken !== undefined && from === taken.from && to === taken.to)
  }
}

const show = (taken) => {
  element("status").textContent = order.status
  element("units").textContent = order.units
  for (const button of buttons) {
    const decision = decide(button.dataset.command)
    const outlook = element(button.getAttribute("aria-describedby"))
    button.classList.toggle("is-accepted", decision.after !== undefined)
    outlook.textContent = outlookOf(decision)
  }
  const options = model.places[order.status].map((place) => withText("option", place))
  element("choose-units").replaceChildren(...options)
  element("choose-units").value = order.units
  element("choose-status").value = order.status
  light(taken)
}

const tell = (...parts) => {
  element("outcome").replaceChildren(...parts)
  element("history").append(withText("li", parts[0].textContent))
}

const wordsOf = ({ code, lacking, message, messages, remedy }) =>
  code + ": " + lacking + " does not hold. " + (messages?.[order.units] ?? message) + " " + remedy

// --- what the reader does ---

const give = (command) => {
  const { after, refusals } = decide(command)
  if (after) {
    const taken = { from: order.status, to: after.status }
    order = after
    show(taken)
    tell(withText("p", command + ": " + taken.from + " → " + taken.to + ", " + order.units + ". " + model.events[command] + " is recorded."))
  } else if (refusals.length > 0) {
    const list = document.createElement("ul")
    list.append(...refusals.map((refusal) => withText("li", wordsOf(refusal))))
    tell(withText("p", command + " is refused: " + codesOf(refusals) + ". Nothing was changed."), list)
  } else tell(withText("p", command + " has no unit to move: whatever comes with it is refused. Nothing was changed."))
}

const stand = (status, units) => {
  const places = model.places[status]
  order = { status, units: places.includes(units) ? units : places[0] }
  show()
  tell(withText("p", "The order now stands in " + order.status + ", " + order.units + "."))
}

for (const button of buttons) button.addEventListener("click", () => give(button.dataset.command))
for (const box of document.querySelectorAll("input[data-fact]")) {
  box.addEventListener("change", () => {
    if (box.checked) lacking.delete(box.dataset.fact)
    else lacking.add(box.dataset.fact)
    show()
  })
}
element("choose-status").addEventListener("change", (event) => stand(event.target.value, order.units))
element("choose-units").addEventListener("change", (event) => stand(order.status, event.target.value))
element("again").addEventListener("click", () => {
  element("history").replaceChildren()
  stand(model.first.status, model.first.units)
})
// A browser keeps what was set before the page was loaded again.
for (const box of document.querySelectorAll("input[data-fact]")) box.checked = true
element("live-controls").hidden = false
show()
`
