import { Scanner } from './scanner.ts'

/**
 * Settings whose value belongs to a server rather than to a session or a database: a standby shows another value than
 * its primary.
 */
const OF_NODE: RegExp =
  /\b(all|archive_\w+|cluster_name|config_file|data_directory|event_source|external_pid_file|hba_file|hot_standby\w*|ident_file|in_hot_standby|listen_addresses|port|primary_\w+|promote_trigger_file|recovery_\w+|restore_command|synchronous_standby_names|unix_socket_\w+|wal_receiver_\w+)\b/i

/** Whether a SHOW or `current_setting()` may show a setting of the server, or one whose name it computes. */
export function mayShowNode(text: string, values: readonly unknown[]): boolean {
  return OF_NODE.test(text) || values.some((value) => typeof value === 'string' && OF_NODE.test(value))
}

/** Whether a text may call `set_config`. */
export function makesSettings(text: string): boolean {
  return /set_config|u&"/i.test(text)
}

/** Words of a text that calls `set_config` with nothing but constants and parameters. */
const CONSTANT: ReadonlySet<string> = new Set([
  'as',
  'bool',
  'boolean',
  'cast',
  'false',
  'int',
  'int4',
  'int8',
  'integer',
  'bigint',
  'json',
  'jsonb',
  'null',
  'pg_catalog',
  'select',
  'set_config',
  'text',
  'true',
  'uuid',
  'varchar',
])

/**
 * Whether a text calls `set_config` with nothing but constants and parameters, so that it makes the same settings each
 * time it runs: nothing in it depends on data, time or chance.
 */
export function makesSameSettings(text: string): boolean {
  const scanner = new Scanner(text)
  let isAlias = false
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const wasAlias: boolean = isAlias
    isAlias = false
    if (kind === 'block-comment' || kind === 'line-comment') isAlias = wasAlias
    else if (kind === 'word' || kind === 'quoted-name') {
      const word = scanner.text.toLowerCase()
      if (!wasAlias && !CONSTANT.has(word)) return false
      isAlias = !wasAlias && word === 'as'
    } else if (kind === 'symbol' && !':.$-'.includes(scanner.text)) return false
  }
  return true
}

/** Whether a text may have an ORDER BY outside of parentheses, so that the order of its rows counts. */
export function mayBeOrdered(text: string): boolean {
  const scanner = new Scanner(text)
  let depth = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'open') depth += 1
    else if (kind === 'close') depth -= 1
    else if (kind === 'word' && depth <= 0 && scanner.text.toLowerCase() === 'order') return true
  }
  return false
}
