import { sessionSettings } from "../../src/postgres/PostgresConnection.ts"

/**
 * The settings of the library's own sessions with time limits that only end hangs: on a busy machine the usual ones pass where nothing is
 * wrong. Without any limit the library would refuse the session.
 */
export const patientSettings: Readonly<Record<string, string>> = {
  ...sessionSettings,
  statement_timeout: "30min",
  lock_timeout: "30min",
  idle_in_transaction_session_timeout: "30min"
}
