/**
 * Settings under which reads are not moved to another node, unless they have a harmless value: the text is read in another
 * way than it was judged, it runs as somebody else, or every transaction begins as one that a standby does not take.
 */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  client_encoding: /E'(utf-?8|unicode)'/i,
  default_transaction_deferrable: /E'(off|false|no|0)'|TO 0$/i,
  default_transaction_isolation: /E'(read committed|read uncommitted|repeatable read)'/i,
  default_transaction_read_only: /E'(off|false|no|0)'|TO 0$/i,
  role: /E'none'/i,
  // Names are judged for any path, as long as the system's own are looked up first and none stand for temporary objects.
  search_path: /^(?![\s\S]*pg_(catalog|temp))/i,
  session_authorization: /E'default'/i,
  session_replication_role: /E'origin'/i,
  standard_conforming_strings: /E'(on|true|yes|1)'|TO 1$/i,
}

/** True for a statement that makes a setting under which reads stay on the primary. `RESET` never does. */
export function bindsReads(name: string, sql: string): boolean {
  if (!Object.hasOwn(HARMLESS, name) || sql.startsWith('RESET ')) return false
  // The name itself may stand in the text, as an argument.
  const value = sql.replace(/^SELECT pg_catalog\.set_config\( E'[^']*',/, '')
  return HARMLESS[name]?.test(value) === false
}
