import type { ForeignStatement } from './extract/script.ts'

/** Why a statement is not run on the test servers. */
export type Omission = string

const isolated = (words: string): RegExp => new RegExp(String.raw`\b(?:${words})\b`, 'i')

const omissions: readonly (readonly [Omission, RegExp])[] = [
  [
    'needs a variable of its runner',
    /(?<![:\w\])}"'$])(?::'\w+'|:"\w+"|:[a-z_]\w*)(?!\s*:=)|\$\{|\{\{|\$\$\{/i,
  ],
  ['shell program', /\bprogram\s+'|^\s*\\!/i],
  [
    'server settings',
    isolated('alter\\s+system|pg_reload_conf|pg_rotate_logfile|alter\\s+database|pg_switch_wal|pg_promote'),
  ],
  [
    'files of the server',
    /\b(?:copy\b[^;]*\b(?:from|to)\s+'|pg_read_\w*file|pg_ls_\w+|pg_stat_file|lo_(?:import|export)|pg_file_\w+|tablespace\b[^;]*\blocation|pg_log_backend_memory_contexts|load\s+')/i,
  ],
  ['sleeps', isolated('pg_sleep\\w*|sleep')],
  [
    'other sessions',
    isolated(
      'pg_(?:terminate|cancel)_backend|pg_wal_replay_(?:pause|resume)|drop\\s+owned|reassign\\s+owned',
    ),
  ],
  ['databases', isolated('(?:create|drop)\\s+database')],
  ['network', isolated('dblink\\w*|create\\s+subscription|alter\\s+subscription|postgres_fdw|oracle_fdw')],
  [
    'role of the tests',
    /\b(?:alter|drop)\s+(?:user|role)\s+["']?(?:postgres|current_user|current_role|session_user)\b/i,
  ],
  ['untrusted languages', /\blanguage\s+'?(?:c|internal|\w*pl(?:perl|python3?|tcl)u?)\b/i],
  ['millions of rows', /\b(?:generate_series|range|repeat)\s*\([^)]*\d{7,}/i],
]

/** Returns why a statement must not run; undefined when it may. */
export function omissionOf({ sql }: ForeignStatement): Omission | undefined {
  const bare = withoutTexts(sql)
  return omissions.find(([reason, pattern]) =>
    pattern.test(reason === 'needs a variable of its runner' ? bare : sql),
  )?.[0]
}

/** Removes constants and comments, in which a colon says nothing. */
function withoutTexts(sql: string): string {
  return sql.replaceAll(/--[^\n]*|\/\*[^]*?\*\/|(?<!:)'(?:[^']|'')*'|\$(\w*)\$[^]*?\$\1\$/g, ' ')
}
