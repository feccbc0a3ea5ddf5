/**
 * Settings that keep reads on the primary unless they have a harmless value. They change how a text is parsed or which
 * role runs it, or they start transactions in a mode that a standby rejects.
 */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  client_encoding: /E'(utf-?8|unicode)'/i,
  default_transaction_deferrable: /E'(off|false|no|0)'|TO 0$/i,
  default_transaction_isolation: /E'(read committed|read uncommitted|repeatable read)'/i,
  default_transaction_read_only: /E'(off|false|no|0)'|TO 0$/i,
  role: /E'none'/i,
  // Verdicts on names hold for any path that searches pg_catalog first and no temporary schema.
  search_path: /^(?![\s\S]*pg_(catalog|temp))/i,
  session_authorization: /E'default'/i,
  session_replication_role: /E'origin'/i,
  standard_conforming_strings: /E'(on|true|yes|1)'|TO 1$/i,
}

/** Whether a statement makes a setting that keeps reads on the primary. `RESET` never does. */
export function bindsReads(name: string, sql: string): boolean {
  if (!Object.hasOwn(HARMLESS, name) || sql.startsWith('RESET ')) return false
  // The name itself is in the text, as an argument.
  const value = sql.replace(/^SELECT pg_catalog\.set_config\( E'[^']*',/, '')
  return HARMLESS[name]?.test(value) === false
}
