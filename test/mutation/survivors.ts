/**
 * Mutants that live on, each with its reason. Nothing else may.
 *
 * An entry is found again by its text, not by its place: the lines before the change and after it, white space apart. What was changed
 * stands in brackets that are not shown: `a || b && c` may well be `(a || b) && c`. The rule:
 *
 * - `equivalent`: no caller can tell the mutant from the original, whatever the input. It is left out of the score.
 * - `accepted`: it could be told apart, and the reason says why no test does. It counts as a survivor in the score.
 *
 * What can be killed by a sentence about orders is killed and does not come here.
 */
export interface Survivor {
  readonly kind: "equivalent" | "accepted"
  readonly file: string
  readonly mutants: ReadonlyArray<readonly [before: string, after: string]>
  readonly reason: string
}

/** A brand by another name: the same line with the name taken away. */
const unbranded = (...lines: ReadonlyArray<readonly [line: string, name: string]>) =>
  lines.map(([line, name]) => [line.replace("*", `"${name}"`), line.replace("*", '""')] as const)

export const survivors: ReadonlyArray<Survivor> = [
  {
    kind: "equivalent",
    file: "src/order/Order.ts",
    mutants: unbranded(
      ["export const TenantId = Name.pipe(Schema.brand(*))", "TenantId"],
      ["export const OrderId = Name.pipe(Schema.brand(*))", "OrderId"],
      ["export const SubscriptionId = Name.pipe(Schema.brand(*))", "SubscriptionId"],
      ["export const CustomerId = Name.pipe(Schema.brand(*))", "CustomerId"],
      ["export const Sku = Name.pipe(Schema.brand(*))", "Sku"],
      ["export const SerialNumber = Name.pipe(Schema.brand(*))", "SerialNumber"]
    ),
    reason:
      "The name of a brand is for the compiler, which keeps ids of different kinds apart. Nothing reads it when the code runs."
  },
  {
    kind: "equivalent",
    file: "src/order/orderEvent.ts",
    mutants: unbranded([").pipe(Schema.brand(*))", "RequestId"]),
    reason: "As with the ids in Order.ts: a brand is for the compiler."
  },
  {
    kind: "equivalent",
    file: "src/order/Timestamp.ts",
    mutants: unbranded([").pipe(Schema.brand(*))", "Timestamp"]),
    reason: "As with the ids in Order.ts: a brand is for the compiler."
  },
  {
    kind: "equivalent",
    file: "src/order/Money.ts",
    mutants: unbranded([").pipe(Schema.brand(*))", "Currency"]),
    reason: "As with the ids in Order.ts: a brand is for the compiler."
  },
  {
    kind: "equivalent",
    file: "src/order/Timestamp.ts",
    mutants: [
      [
        "export const latest = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b)",
        "export const latest = (a: Timestamp, b: Timestamp): Timestamp => (a >= b ? a : b)"
      ]
    ],
    reason: "Of two equal texts it does not matter which is taken."
  },
  {
    kind: "equivalent",
    file: "src/order/Timestamp.ts",
    mutants: [
      [
        'return Option.filter(Option.map(DateTime.make(text), fromDateTime), (at) => exists && at >= "0001" && at < "9990")',
        'return Option.filter(Option.map(DateTime.make(text), fromDateTime), (at) => exists && at > "0001" && at < "9990")'
      ],
      [
        'return Option.filter(Option.map(DateTime.make(text), fromDateTime), (at) => exists && at >= "0001" && at < "9990")',
        'return Option.filter(Option.map(DateTime.make(text), fromDateTime), (at) => exists && at >= "0001" && at <= "9990")'
      ]
    ],
    reason: "A whole moment is longer than a year, so it is never equal to one."
  },
  {
    kind: "equivalent",
    file: "src/order/Timestamp.ts",
    mutants: [["if (day === undefined) return Option.none()", "if (false) return Option.none()"]],
    reason: "The compiler asks for it: what is no day exists as little in the line below."
  },
  {
    kind: "equivalent",
    file: "src/order/commands/startSubscription.ts",
    mutants: [["return held >= 0 ? held : order.lines.findIndex(fits)", "return held > 0 ? held : order.lines.findIndex(fits)"]],
    reason: "When the first line of all fits and has a held unit, it is also the first that fits."
  },
  {
    kind: "equivalent",
    file: "src/order/explain.ts",
    mutants: [
      ["if (answer.refusal === undefined) return []", "if (false) return []"],
      ["if (answer.refusal === undefined) return []", 'if (answer.refusal === undefined) return ["Stryker was here"]']
    ],
    reason: "The compiler asks for it: the table gives refusals here and nothing else."
  },
  {
    kind: "equivalent",
    file: "src/order/carefulReader.ts",
    mutants: [
      ['const key = typeof segment === "object" ? segment.key : segment', "const key = false ? segment.key : segment"],
      [
        'const key = typeof segment === "object" ? segment.key : segment',
        'const key = typeof segment === "" ? segment.key : segment'
      ],
      [
        'const writePath = (above: string, path: StandardSchemaV1.Issue["path"] = []): string =>',
        'const writePath = (above: string, path: StandardSchemaV1.Issue["path"] = ["Stryker was here"]): string =>'
      ]
    ],
    reason:
      "The standard allows for paths of objects and for no path at all; Effect's formatter always writes a path of plain keys."
  },
  {
    kind: "equivalent",
    file: "src/order/carefulReader.ts",
    mutants: [
      [
        'const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)$/s.exec(each.message) ?? []',
        'const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)/s.exec(each.message) ?? []'
      ]
    ],
    reason: "With the flag `s`, `.*` takes all that is left, with the end named or not."
  },
  {
    kind: "accepted",
    file: "src/order/carefulReader.ts",
    mutants: [
      [
        'const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)$/s.exec(each.message) ?? []',
        'const [, code = "invalid_value", message = each.message] = /^([a-z_]+) (.*)$/s.exec(each.message) ?? ["Stryker was here"]'
      ],
      [
        'const [first = { path, message: "is not valid", code: "invalid_value" }, ...others] = faults',
        "const [first = {}, ...others] = faults"
      ],
      [
        'const [first = { path, message: "is not valid", code: "invalid_value" }, ...others] = faults',
        'const [first = { path, message: "", code: "invalid_value" }, ...others] = faults'
      ],
      [
        'const [first = { path, message: "is not valid", code: "invalid_value" }, ...others] = faults',
        'const [first = { path, message: "is not valid", code: "" }, ...others] = faults'
      ],
      [
        'return `${codeByIssue[issue._tag] ?? "invalid_value"} ${message}`',
        'return `${codeByIssue[issue._tag] ?? ""} ${message}`'
      ]
    ],
    reason:
      "For a fault that Effect's formatter does not put into words at all. None is known; if there is one, it must still be refused."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/OrderLifecycle.ts",
    mutants: [
      [
        "return loaded?.order ?? (yield* new OrderNotFound({ orderId }))",
        "return loaded.order ?? (yield* new OrderNotFound({ orderId }))"
      ]
    ],
    reason: "The compiler asks for it: a store answers every request of a load (`orderStoreContract`)."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/Reservations.ts",
    mutants: [
      ["const lines = loaded?.order?.lines ?? []", "const lines = loaded.order?.lines ?? []"],
      ["const from = before?.lines[line]?.units ?? null", "const from = before?.lines[line].units ?? null"]
    ],
    reason: "The compiler asks for it: a store answers every request of a load, and an order keeps its lines."
  },
  {
    kind: "equivalent",
    file: "src/order/canonicalJson.ts",
    mutants: [
      ["if (names.length > 32) return names.toSorted()", "if (true) return names.toSorted()"],
      ["if (names.length > 32) return names.toSorted()", "if (false) return names.toSorted()"],
      ["if (names.length > 32) return names.toSorted()", "if (names.length <= 32) return names.toSorted()"],
      ["if (names.length > 32) return names.toSorted()", "if (names.length >= 32) return names.toSorted()"],
      ["const isPlain = /^[ !#-[\\]-~]*$/", "const isPlain = /^[ !#-[\\]-~]$/"],
      ['if (isPlain.test(text)) return `"${text}"`', 'if (false) return `"${text}"`'],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => false"
      ],
      ["const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50", "const isKept = () => undefined"],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size >= 500 && name.length < 50"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length >= 50"
      ],
      ["if (known !== undefined) return known", "if (false) return known"],
      ["if (isKept(name)) quotedNames.set(name, quoted)", "if (false) quotedNames.set(name, quoted)"],
      ["if (isKept(name)) quotedNames.set(name, quoted)", "if (isKept(name)) ;"]
    ],
    reason: "Short cuts: without them the text is the same and comes later. The benchmarks look at that."
  },
  {
    kind: "accepted",
    file: "src/order/canonicalJson.ts",
    mutants: [
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => true"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => true && name.length < 50"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size < 500 || name.length < 50"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size <= 500 && name.length < 50"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length <= 50"
      ],
      [
        "const isKept = (name: string): boolean => quotedNames.size < 500 && name.length < 50",
        "const isKept = (name: string): boolean => quotedNames.size < 500 && true"
      ],
      ["if (isKept(name)) quotedNames.set(name, quoted)", "if (true) quotedNames.set(name, quoted)"]
    ],
    reason: "How much memory the short cut may take does not show in any text; a test would have to look inside."
  },
  {
    kind: "equivalent",
    file: "src/order/lifecycleTable.ts",
    mutants: [
      [
        'const refuse = actions.find((action) => action.type === "refuse")?.params',
        "const refuse = actions.find((action) => true)?.params"
      ],
      [
        "...(refuse && lacking !== undefined && { refusal: { code: refuse.code, lacking } })",
        "...(refuse && true && { refusal: { code: refuse.code, lacking } })"
      ],
      [
        "const answers = (machine.states[status]?.transitions.get(command) ?? []).map((definition) =>",
        "const answers = (machine.states[status].transitions.get(command) ?? []).map((definition) =>"
      ]
    ],
    reason:
      "The machine has every status, a refusal is alone in its answer, and one that does not say what is lacking was thrown out before."
  },
  {
    kind: "equivalent",
    file: "src/order/lifecycleTable.ts",
    mutants: [["throw new Error(`orderMachine: ${status} did not answer ${event.type}`)", "throw new Error(``)"]],
    reason: "Never reached: every list of answers ends with one that always applies, or there is no table."
  },
  {
    kind: "equivalent",
    file: "src/order/orderMachine.ts",
    mutants: [
      [
        'types: { context: {} as OrderContext, input: {} as { readonly quantity: number }, events: {} as OrderEvent, emitted: {} as { type: "refused"; command: CommandType; code: Refusal["code"] } },',
        "types: {},"
      ]
    ],
    reason: "For the compiler alone: XState takes the types from here and never the values."
  },
  {
    kind: "equivalent",
    file: "src/order/Money.ts",
    mutants: [
      ["if (known !== undefined) return known", "if (false) return known"],
      ["digitsByCurrency.set(currency, digits)", ";"]
    ],
    reason: "A short cut: a currency has as many decimals when it is asked again."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/cancelMany.ts",
    mutants: [
      ["if (!loaded?.order) {", "if (!loaded.order) {"],
      ["if (outcome) answers.push({ orderId, outcome })", "if (true) answers.push({ orderId, outcome })"]
    ],
    reason: "The compiler asks for it: a store answers every request of a load, and every order of a batch gets an outcome."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/cancelMany.ts",
    mutants: [['Effect.catchTag("IdempotencyKeyReused", Effect.die)', 'Effect.catchTag("", Effect.die)']],
    reason: "For the compiler alone: without a key, no key can have been used before."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/applyCommand.ts",
    mutants: [
      ["...(asset.known && asset.sku !== undefined && { sku: asset.sku })", "...(true && { sku: asset.sku })"],
      ["...(asset.known && asset.sku !== undefined && { sku: asset.sku })", "...(asset.known && true && { sku: asset.sku })"],
      [
        "...(asset.known && asset.sku !== undefined && { sku: asset.sku })",
        "...(asset.known || asset.sku !== undefined && { sku: asset.sku })"
      ]
    ],
    reason: "The compiler asks for it: the decision takes a SKU that is undefined for one that is not there."
  },
  {
    kind: "equivalent",
    file: "src/order/carefulReader.ts",
    mutants: [
      [
        "inputFaults(Result.match(decodeToTheEnd(input), { onSuccess: () => first, onFailure: (error) => error.issue }), path)",
        "inputFaults(Result.match(decodeToTheEnd(input), { onSuccess: () => undefined, onFailure: (error) => error.issue }), path)"
      ]
    ],
    reason: "The compiler asks for it: what has a first fault does not fit when all are looked for."
  },
  {
    kind: "equivalent",
    file: "src/order/commands/place.ts",
    mutants: [
      [
        "return Result.fail(new first.refusal({ skus: [sku ?? first.sku, ...skus], details: [detail ?? first.detail, ...details] }))",
        "return Result.fail(new first.refusal({ skus: [sku && first.sku, ...skus], details: [detail ?? first.detail, ...details] }))"
      ],
      [
        "return Result.fail(new first.refusal({ skus: [sku ?? first.sku, ...skus], details: [detail ?? first.detail, ...details] }))",
        "return Result.fail(new first.refusal({ skus: [sku ?? first.sku, ...skus], details: [detail && first.detail, ...details] }))"
      ]
    ],
    reason: "The compiler asks for it: the first fault is also the first of its own kind."
  },
  {
    kind: "equivalent",
    file: "src/order/canonicalJson.ts",
    mutants: [
      [
        "for (; place > 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string",
        "for (; true && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string"
      ],
      [
        "for (; place > 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string",
        "for (; place >= 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string"
      ],
      [
        "for (; place > 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string",
        "for (; place > 0 && names[place - 1] as string >= name; place--) names[place] = names[place - 1] as string"
      ]
    ],
    reason: "Nothing stands before the first name, which is no greater than any; and no name stands twice."
  },
  {
    kind: "equivalent",
    file: "src/order/lifecycleTable.ts",
    mutants: [
      [
        "const machineAndSchemaAgree: Same<StateValueFrom<Machine>, OrderStatus> = true",
        "const machineAndSchemaAgree: Same<StateValueFrom<Machine>, OrderStatus> = false"
      ]
    ],
    reason: "For the compiler alone, which refuses it. Nothing reads the value."
  },
  {
    kind: "equivalent",
    file: "src/order/lifecycleTable.ts",
    mutants: [
      [
        'condition: type === "unless" && params ? { fact: params.fact, expected: false } : { fact: type as Fact, expected: true }',
        'condition: type === "unless" || params ? { fact: params.fact, expected: false } : { fact: type as Fact, expected: true }'
      ],
      [
        'condition: type === "unless" && params ? { fact: params.fact, expected: false } : { fact: type as Fact, expected: true }',
        "condition: true && params ? { fact: params.fact, expected: false } : { fact: type as Fact, expected: true }"
      ]
    ],
    reason: "Of all guards, `unless` alone has parameters, and always has them."
  },
  {
    kind: "equivalent",
    file: "src/order/Timestamp.ts",
    mutants: [
      ["if (days.size >= mostDays) days.clear()", "if (days.size >= mostDays) ;"],
      ["if (known !== undefined) return known", "if (false) return known"],
      ["if (days.size >= mostDays) days.clear()", "if (true) days.clear()"],
      ["if (days.size >= mostDays) days.clear()", "if (false) days.clear()"],
      ["if (days.size >= mostDays) days.clear()", "if (days.size > mostDays) days.clear()"],
      ["if (days.size >= mostDays) days.clear()", "if (days.size < mostDays) days.clear()"],
      ["days.set(startsAt, day)", ";"]
    ],
    reason: "What is kept from the last time is only quicker to look up than to make again; what comes out is the same."
  },
  {
    kind: "equivalent",
    file: "src/order/auditChain.ts",
    mutants: [
      [
        '!isPlainText(at, confidentialSeal, from ?? "", orderId, previousHash ?? "", requestId, tenantId, to, type) ||',
        '!isPlainText(at, confidentialSeal, from ?? "Stryker was here!", orderId, previousHash ?? "", requestId, tenantId, to, type) ||'
      ],
      [
        '!isPlainText(at, confidentialSeal, from ?? "", orderId, previousHash ?? "", requestId, tenantId, to, type) ||',
        '!isPlainText(at, confidentialSeal, from ?? "", orderId, previousHash ?? "Stryker was here!", requestId, tenantId, to, type) ||'
      ]
    ],
    reason: "The text is only looked through for what needs escaping, and letters do not."
  },
  {
    kind: "equivalent",
    file: "src/order/quickReader.ts",
    mutants: [
      ['if (check._tag === "FilterGroup") return () => false', 'if (check._tag === "FilterGroup") return () => undefined']
    ],
    reason: "Undefined is as good as false to whoever asks."
  },
  {
    kind: "equivalent",
    file: "src/order/quickReader.ts",
    mutants: [
      [
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)",
        "return mostCodePoints === undefined ? passes : (value) => false || passes(value)"
      ],
      [
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)",
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length < mostCodePoints || passes(value)"
      ],
      ["if (given === undefined && !(name in input)) {", "if (true && !(name in input)) {"],
      ["if (checks.length === 0) return read", "if (false) return read"],
      [
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)",
        "return true ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)"
      ],
      [
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)",
        "return false ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)"
      ],
      [
        "return mostCodePoints === undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)",
        "return mostCodePoints !== undefined ? passes : (value) => (value as string).length <= mostCodePoints || passes(value)"
      ]
    ],
    reason: "A look that saves counting or asking; without it the check itself gives the same answer."
  },
  {
    kind: "accepted",
    file: "src/order/quickReader.ts",
    mutants: [
      [
        'if (SchemaAST.isNumber(ast)) return (input) => (typeof input === "number" ? input : unread)',
        "if (SchemaAST.isNumber(ast)) return (input) => (true ? input : unread)"
      ],
      [
        'const isTransformed = ast.encoding !== undefined || ("encodingChecks" in ast && ast.encodingChecks !== undefined)',
        'const isTransformed = ast.encoding !== undefined || ("" in ast && ast.encodingChecks !== undefined)'
      ],
      [
        'const isTransformed = ast.encoding !== undefined || ("encodingChecks" in ast && ast.encodingChecks !== undefined)',
        "const isTransformed = ast.encoding !== undefined || (false)"
      ],
      [
        "if (elements.length > 0 || element === undefined || others.length > 0) return undefined",
        "if (elements.length > 0 || false || others.length > 0) return undefined"
      ],
      [
        'if (typeof name !== "string" || name === "__proto__") return undefined',
        'if (false || name === "__proto__") return undefined'
      ]
    ],
    reason: "Kept for schemas that may come: no input of today has such a kind, or its checks refuse it all the same."
  },
  {
    kind: "equivalent",
    file: "src/order/readInput.ts",
    mutants: [
      [
        "return value === unread ? readCarefully(input) : Result.succeed(value)",
        "return true ? readCarefully(input) : Result.succeed(value)"
      ]
    ],
    reason: "The short way is not taken, and the long way gives the same. It costs time, which no test measures."
  },
  {
    kind: "equivalent",
    file: "src/order/auditChain.ts",
    mutants: [
      [
        '!isPlainText(at, confidentialSeal, from ?? "", orderId, previousHash ?? "", requestId, tenantId, to, type) || !isUsual(event)',
        "true"
      ],
      [
        "const isUsual = (event: AuditEvent): boolean => { for (const name of usualMembers) if (event[name] === undefined) return false return Object.keys(event).length === usualMembers.length }",
        "const isUsual = (event: AuditEvent): boolean => {}"
      ],
      [
        "for (const name of usualMembers) if (event[name] === undefined) return false",
        "for (const name of usualMembers) if (true) return false"
      ],
      [
        "for (const name of usualMembers) if (event[name] === undefined) return false",
        "for (const name of usualMembers) if (event[name] !== undefined) return false"
      ],
      ["return Object.keys(event).length === usualMembers.length", "return false"]
    ],
    reason: "The short way is not taken, and the long way gives the same. It costs time, which no test measures."
  },
  {
    kind: "equivalent",
    file: "src/order/canonicalJson.ts",
    mutants: [
      [
        'export const isPlainText = (...texts: ReadonlyArray<unknown>): boolean => { let all = "" for (const text of texts) { if (typeof text !== "string") return false all += text } return isPlain.test(all) }',
        "export const isPlainText = (...texts: ReadonlyArray<unknown>): boolean => {}"
      ],
      ['let all = ""', 'let all = "Stryker was here!"']
    ],
    reason: "The text is only looked through for what needs escaping, and letters do not."
  },
  {
    kind: "equivalent",
    file: "src/order/canonicalJson.ts",
    mutants: [
      ['if (typeof text !== "string") return false', "if (true) return false"],
      ['if (typeof text !== "string") return false', 'if (typeof text === "string") return false'],
      ['if (typeof text !== "string") return false', 'if (typeof text !== "") return false']
    ],
    reason: "The short way is not taken, and the long way gives the same. It costs time, which no test measures."
  },
  {
    kind: "equivalent",
    file: "src/order/canonicalJson.ts",
    mutants: [
      ["if (next === undefined) {", "if (true) {"],
      ["if (steps >= mostSteps) return inOrder(names)", "if (true) return inOrder(names)"],
      ["if (steps >= mostSteps) return inOrder(names)", "if (false) return inOrder(names)"],
      ["if (steps >= mostSteps) return inOrder(names)", "if (steps > mostSteps) return inOrder(names)"],
      ["if (steps >= mostSteps) return inOrder(names)", "if (steps < mostSteps) return inOrder(names)"],
      ["seen.next.set(name, next)", ";"],
      ["steps++", "steps--"]
    ],
    reason: "What is kept from the last time is only quicker to look up than to make again; what comes out is the same."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/Ids.ts",
    mutants: [["const saltDigits: Array<number> = []", 'const saltDigits: Array<number> = ["Stryker was here"]']],
    reason: "Every digit is written before it is read, and as many as there are."
  },
  {
    kind: "equivalent",
    file: "src/lifecycle/Ids.ts",
    mutants: [
      ["if (known !== undefined) return known", "if (false) return known"],
      ["byPrefix.set(prefix, characters)", ";"]
    ],
    reason: "What is kept from the last time is only quicker to look up than to make again; what comes out is the same."
  },
  {
    kind: "equivalent",
    file: "src/order/commands/release.ts",
    mutants: [
      ["const sku = order.lines[line]?.sku", "const sku = order.lines[line].sku"],
      ["return sku === undefined ? [] : [{ line, sku, quantity }]", "return false ? [] : [{ line, sku, quantity }]"],
      [
        "return sku === undefined ? [] : [{ line, sku, quantity }]",
        'return sku === undefined ? ["Stryker was here"] : [{ line, sku, quantity }]'
      ],
      [
        "VALIDATION_ERROR: ({ order, command: { items = [] } }) => {",
        'VALIDATION_ERROR: ({ order, command: { items = ["Stryker was here"] } }) => {'
      ]
    ],
    reason:
      "The compiler asks for it: units are released of lines that the machine has found, and only a named line can be missing."
  },
  {
    kind: "equivalent",
    file: "src/asset/assetSteps.ts",
    mutants: [
      [
        "const moves = definitionByKind.get(event.type)?.assetMoves?.(before, event) ?? []",
        "const moves = definitionByKind.get(event.type).assetMoves?.(before, event) ?? []"
      ],
      [
        "return order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)?.assetIsRegistered === true",
        "return order?.subscriptions.find(each => each.subscriptionId === subscriptionId).assetIsRegistered === true"
      ],
      [
        "return order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)?.assetIsRegistered === true",
        "return order.subscriptions.find((each) => each.subscriptionId === subscriptionId)?.assetIsRegistered === true"
      ]
    ],
    reason: "The compiler asks for it: an order that was there before has the subscription whose asset is moved."
  },
  {
    kind: "equivalent",
    file: "src/asset/assetSteps.ts",
    mutants: [
      [
        ".toSorted((a, b) => (a.serialNumber < b.serialNumber ? -1 : 1))",
        ".toSorted((a, b) => (a.serialNumber <= b.serialNumber ? -1 : 1))"
      ]
    ],
    reason: "A transition moves no asset twice."
  },
  {
    kind: "equivalent",
    file: "src/asset/decideAsset.ts",
    mutants: [
      ["if (moved?.refusal !== undefined && status !== undefined) {", "if (moved?.refusal !== undefined && true) {"],
      ['moved.refusal === "ASSET_IN_USE" && use !== null', 'moved.refusal === "ASSET_IN_USE" && true'],
      [
        "const bound = isOut(to) && subscriptionId !== undefined && customerId !== undefined ? { subscriptionId, customerId } : {}",
        "const bound = isOut(to) && true && customerId !== undefined ? { subscriptionId, customerId } : {}"
      ],
      [
        "const bound = isOut(to) && subscriptionId !== undefined && customerId !== undefined ? { subscriptionId, customerId } : {}",
        "const bound = isOut(to) && subscriptionId !== undefined && true ? { subscriptionId, customerId } : {}"
      ]
    ],
    reason:
      "The compiler asks for it: only a status that is asked for is refused, only an asset in use is refused as that, and one that is out has both ids."
  },
  {
    kind: "equivalent",
    file: "src/asset/assetTable.ts",
    mutants: [
      [
        "const machineAndSchemaAgree: Same<StateValueFrom<typeof assetMachine>, AssetStatus> = true",
        "const machineAndSchemaAgree: Same<StateValueFrom<typeof assetMachine>, AssetStatus> = false"
      ],
      [
        "const everyMoveHasAWord: Same<(typeof moveWords)[number], AssetMoveEvent> = true",
        "const everyMoveHasAWord: Same<(typeof moveWords)[number], AssetMoveEvent> = false"
      ],
      ["void [machineAndSchemaAgree, everyMoveHasAWord]", "void []"]
    ],
    reason: "For the compiler alone, which refuses it. Nothing reads the value."
  },
  {
    kind: "equivalent",
    file: "src/asset/assetMachine.ts",
    mutants: [
      ['markAvailable: { target: "available" },', "markAvailable: {},"],
      ['markAvailable: { target: "available" },', 'markAvailable: { target: "" },'],
      ['markReturned: { target: "returned" },', "markReturned: {},"],
      ['markReturned: { target: "returned" },', 'markReturned: { target: "" },'],
      ['markUnavailable: { target: "unavailable" }', "markUnavailable: {}"],
      ['markUnavailable: { target: "unavailable" }', 'markUnavailable: { target: "" }']
    ],
    reason: "An asset that is marked as what it is stays so, with that status as the target or with none."
  }
]
