/** The version of this package, as `package.json` has it. (`test/http/openApi.test.ts` compares them.) */
export const version = "0.1.0"
