/** The commands that a line of a Mermaid state diagram names at its arrow, each with its guards; none in another line. */
export const commandsOfArrow = (line: string): ReadonlyArray<string> =>
  /^ {2}\S+ --> \S+: (.+)$/.exec(line)?.[1]?.split(/, |<br\/>/) ?? []
