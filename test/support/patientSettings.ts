import { sessionSettings } from "../../src/postgres/PostgresConnection.ts"

/** The settings of the library's own sessions, without their time limits: on a busy machine those pass where nothing is wrong. */
export const patientSettings: Readonly<Record<string, string>> = {
  ...sessionSettings,
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0"
}
