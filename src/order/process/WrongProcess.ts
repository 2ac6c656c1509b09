/** A process that cannot be used. The message has a line for each fault, naming the status, the command or the guard. */
export class WrongProcess extends Error {
  override readonly name = "WrongProcess"
  readonly faults: ReadonlyArray<string>

  constructor(process: string, faults: ReadonlyArray<string>) {
    super([`the process ${process} cannot be used:`, ...faults].join("\n  "))
    this.faults = faults
  }
}
