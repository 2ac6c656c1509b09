/** What the program `order-lifecycle` ends with, and what each means. The page `docs/reference/commands.md` is drawn from it. */
export const exitCodes = {
  well: { code: 0, meaning: "all is well" },
  violations: { code: 1, meaning: "what was checked is not as it should be: promises are broken, and each is named" },
  cannot: { code: 2, meaning: "it could not do what it was asked to; one line says why" },
  interrupted: { code: 130, meaning: "it was interrupted" }
} as const
