/** The version of this library, as in `package.json`. */
export const programVersion = "0.2.0"
