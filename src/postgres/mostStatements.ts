/**
 * How many statements a session keeps prepared, at most: more than the library has, with every way to ask its lists. The driver keeps 100, and would
 * prepare one anew for each that it has let go.
 */
export const mostStatements = 500
