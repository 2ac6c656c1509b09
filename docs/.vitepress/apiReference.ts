/**
 * The API reference, `docs/api/`: everything the package exports, in the order and under the headings of its entry files, each with its doc
 * comment and its declaration as the source has it. `npm run docs:api` makes it; it is built with the site and not committed.
 *
 * The declarations are the source's own, with the insides of functions left out, and not the types that the compiler infers: a Schema or a
 * service reads well as it was written, and badly as the page-long type that follows from it.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import packageJson from "../../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = `${root}docs/api/`

/** Each entry point of the package: how it is imported, its file, and the name of its page. */
const entries = Object.entries(packageJson.exports).flatMap(([key, target]) =>
  typeof target === "string"
    ? []
    : [
        {
          name: key.replace(".", packageJson.name),
          file: target.default.replace("./dist/", `${root}src/`).replace(/\.js$/, ".ts"),
          page: key === "." ? packageJson.name : key.slice(2).replaceAll("/", "-")
        }
      ]
)

const { config } = ts.readConfigFile(`${root}tsconfig.build.json`, (path) => ts.sys.readFile(path))
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const program = ts.createProgram(
  entries.map(({ file }) => file),
  options
)
const checker = program.getTypeChecker()

/** The symbol behind an export, however often it was passed on. */
const origin = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)

/** What is to be read of a declaration: a variable with its keyword, everything else by itself. */
const statementOf = (declaration: ts.Declaration): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration

/** The parts of a declaration that say how and not what: the insides of functions. */
const insidesOf = (node: ts.Node): ReadonlyArray<ts.Node> => {
  const found: Array<ts.Node> = []
  const visit = (child: ts.Node): void => {
    if (ts.isFunctionLike(child) && "body" in child && child.body !== undefined) found.push(child.body)
    else ts.forEachChild(child, visit)
  }
  visit(node)
  return found
}

/** A declaration as the source has it, without its doc comment and without the insides of its functions. */
const declarationText = (declaration: ts.Declaration): string => {
  const node = statementOf(declaration)
  const source = node.getSourceFile()
  const begin = node.getStart(source)
  let text = ""
  let at = begin
  for (const inside of insidesOf(node)) {
    text += `${source.text.slice(at, inside.getStart(source))}${ts.isBlock(inside) ? "{ … }" : "…"}`
    at = inside.end
  }
  return (text + source.text.slice(at, node.end)).replace(/^export /, "")
}

/** A name for one of several words is shown as those words, not as where they are taken from. */
const wordsOf = (declaration: ts.Declaration): string | undefined => {
  if (!ts.isTypeAliasDeclaration(declaration) || !declaration.type.getText().includes("keyof typeof")) return undefined
  const type = checker.getTypeAtLocation(declaration.name)
  if (!type.isUnion() || !type.types.every((member) => member.isStringLiteral())) return undefined
  return `type ${declaration.name.text} = ${type.types.map((member) => checker.typeToString(member)).join(" | ")}`
}

const sourceLink = (declaration: ts.Declaration): string => {
  const source = declaration.getSourceFile()
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart(source))
  const path = relative(root, source.fileName).replaceAll("\\", "/")
  return `[${path}](/source/${path}.html#L${line + 1})`
}

/** The doc comment of a symbol: what it says, then its tags. */
const commentOf = (symbol: ts.Symbol): string => {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker))
  const tags = symbol.getJsDocTags(checker).map((tag) => {
    const content = ts.displayPartsToString(tag.text)
    return tag.name === "example" ? `Example:\n\n${content}` : `*${tag.name}* ${content}`
  })
  return [text, ...tags].filter((part) => part !== "").join("\n\n")
}

/** The comment at the top of a file. */
const headerOf = (source: ts.SourceFile): string => {
  const [first] = ts.getLeadingCommentRanges(source.text, 0) ?? []
  if (first === undefined) return ""
  return source.text
    .slice(first.pos, first.end)
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .filter((line) => line !== "@module")
    .join("\n")
    .trim()
}

/** The first sentence of a comment. */
const firstSentence = (comment: string): string => /^[\s\S]*?[.!?](?=\s|$)/.exec(comment)?.[0].replaceAll("\n", " ") ?? comment

const isOwn = (declaration: ts.Declaration) => !declaration.getSourceFile().fileName.includes("/node_modules/")

/** What is said of an export elsewhere than in front of it: an error says when it comes, and a file what its main export is. */
const commentNearby = (name: string, declarations: ReadonlyArray<ts.Declaration>): string => {
  for (const declaration of declarations) {
    const when = ts.isClassLike(declaration)
      ? declaration.members.find((member) => ts.isPropertyDeclaration(member) && member.name.getText() === "when")
      : undefined
    if (when && ts.isPropertyDeclaration(when) && when.initializer && ts.isStringLiteralLike(when.initializer))
      return when.initializer.text
    const source = declaration.getSourceFile()
    if (basename(source.fileName, ".ts") === name) return headerOf(source)
  }
  return ""
}

const describeExport = (exported: ts.Symbol): string => {
  const symbol = origin(exported)
  const declarations = (symbol.declarations ?? []).filter(isOwn)
  const comment = commentOf(symbol) || commentNearby(symbol.name, declarations)
  if (declarations.some(ts.isSourceFile)) {
    const names = checker.getExportsOfModule(symbol).map(({ name }) => `\`${name}\``)
    return [`### ${exported.name}`, comment, `A namespace of ${names.join(", ")}.`].join("\n\n")
  }
  if (comment === "")
    undocumented.push(`${exported.name} (${declarations.map((each) => relative(root, each.getSourceFile().fileName)).join()})`)
  return [
    `### ${exported.name}`,
    ...(comment === "" ? [] : [comment]),
    `\`\`\`ts\n${declarations.map((declaration) => wordsOf(declaration) ?? declarationText(declaration)).join("\n\n")}\n\`\`\``,
    ...declarations.slice(0, 1).map(sourceLink)
  ].join("\n\n")
}

/** The comment right before a statement of an entry file is the heading of what is exported from there on. */
const headingOf = (statement: ts.Statement, source: ts.SourceFile): string | undefined => {
  const comments = ts.getLeadingCommentRanges(source.text, statement.pos) ?? []
  const last = comments.findLast(({ kind }) => kind === ts.SyntaxKind.SingleLineCommentTrivia)
  const words = last && source.text.slice(last.pos + 2, last.end)
  return words?.trim().replace(/\.$/, "")
}

const exportsOf = (statement: ts.Statement): ReadonlyArray<ts.Symbol> => {
  if (!ts.isExportDeclaration(statement)) return []
  if (statement.exportClause === undefined) {
    // `export *` passes on everything but the default.
    const module = statement.moduleSpecifier && checker.getSymbolAtLocation(statement.moduleSpecifier)
    return (module ? checker.getExportsOfModule(module) : []).filter(({ name }) => name !== "default")
  }
  const names = ts.isNamedExports(statement.exportClause) ? [...statement.exportClause.elements] : [statement.exportClause]
  return names.flatMap((element) => checker.getSymbolAtLocation(element.name) ?? [])
}

const introductionOf = (source: ts.SourceFile): string => {
  const header = headerOf(source)
  if (header === "") throw new Error(`${source.fileName} does not say what it is: begin it with a doc comment`)
  return header
}

const sourceOf = (file: string): ts.SourceFile => {
  const source = program.getSourceFile(file)
  if (source === undefined) throw new Error(`package.json exports ${file}, which is not there`)
  return source
}

const undocumented: Array<string> = []

rmSync(folder, { recursive: true, force: true })
mkdirSync(dirname(`${folder}index.md`), { recursive: true })

const overview = entries.map(({ name, file, page }) => {
  const source = sourceOf(file)
  const introduction = introductionOf(source)
  const shown = new Set<string>()
  const sections = source.statements.flatMap((statement) => {
    const heading = headingOf(statement, source)
    const described = exportsOf(statement).map((symbol) => {
      shown.add(symbol.name)
      return describeExport(symbol)
    })
    return [...(heading === undefined ? [] : [`## ${heading}`]), ...described]
  })
  const moduleSymbol = checker.getSymbolAtLocation(source)
  const missing = (moduleSymbol ? checker.getExportsOfModule(moduleSymbol) : []).filter(({ name }) => !shown.has(name))
  if (missing.length > 0) throw new Error(`${file}: not described: ${missing.map((symbol) => symbol.name).join(", ")}`)
  writeFileSync(`${folder}${page}.md`, [`# ${name}`, introduction, ...sections].join("\n\n").concat("\n"))
  return `| [\`${name}\`](${page}.md) | ${firstSentence(introduction.replace(/^`?[\w-]+(?:\/[\w/-]+)?`?: /, ""))} |`
})

writeFileSync(
  `${folder}index.md`,
  `# API of the package

Everything the package exports, made from its sources: doc comments, and declarations as they were written.

| Import from | What is there |
| --- | --- |
${overview.join("\n")}
`
)

if (undocumented.length > 0) throw new Error(`These exports have no doc comment:\n${[...new Set(undocumented)].join("\n")}`)
