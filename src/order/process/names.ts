/** How the machine calls what stands behind a refusal of a process, where no guard does. */

const capital = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`

/** What an own command lacks where it may not be given. */
export const possibleFact = (command: string) => `can${capital(command)}`

/** What a command of the library lacks in an own status that refuses it. */
export const unlessStatus = (status: string) => `isNot${capital(status)}`

/** By which a process has its refusals: the command, and what is lacking. */
export const refusalKey = (command: string, lacking: string) => `${command}/${lacking}`
