import { known, type NodeFacts, type SettingValues } from '../facts.ts'
import { onEachNode, onEachReplica, type Fault, type Rule } from '../finding.ts'

/** Settings that change what a query answers, so that all nodes need the same. */
const ANSWER_SETTINGS = [
  'array_nulls',
  'backslash_quote',
  'bytea_output',
  'DateStyle',
  'default_text_search_config',
  'extra_float_digits',
  'IntervalStyle',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'quote_all_identifiers',
  'row_security',
  'search_path',
  'standard_conforming_strings',
  'TimeZone',
  'timezone_abbreviations',
  'transform_null_equals',
  'xmlbinary',
  'xmloption',
]

/** A shorter delay cancels ordinary reads, in milliseconds. */
const SHORT_DELAY_MS = 5_000
/** A longer one lets a single read hold back replay for minutes. */
const LONG_DELAY_MS = 300_000

function settingsOf(node: NodeFacts): SettingValues {
  return known(node.settings) ?? {}
}

/** Rules about settings. */
export const settingRules: readonly Rule[] = [
  {
    id: 'read-only-primary',
    severity: 'error',
    why: 'Every write outside of a transaction that asks for READ WRITE fails.',
    check: ({ primary }) =>
      settingsOf(primary)['default_transaction_read_only'] === 'on' && !primary.server.isStandby
        ? [
            {
              node: primary.id,
              what: 'Transactions of this login are read-only on the primary (default_transaction_read_only = on).',
              fix: 'ALTER ROLE … RESET default_transaction_read_only; or the same for the database or the server.',
            },
          ]
        : [],
  },
  {
    id: 'non-standard-strings',
    severity: 'error',
    why: 'Nothing is proven to be a read then, so everything goes to the primary.',
    check: onEachNode((node) =>
      settingsOf(node)['standard_conforming_strings'] === 'off'
        ? {
            what: 'standard_conforming_strings is off.',
            fix: 'ALTER SYSTEM SET standard_conforming_strings = on; SELECT pg_reload_conf();',
          }
        : undefined,
    ),
  },
  {
    id: 'settings-differ',
    severity: 'error',
    why: 'The same query would give another answer on this replica than on the primary.',
    check: onEachReplica((node, { primary }) => {
      const [own, other] = [settingsOf(node), settingsOf(primary)]
      const names = ANSWER_SETTINGS.filter(
        (name) => own[name] !== undefined && other[name] !== undefined && own[name] !== other[name],
      )
      if (names.length === 0) return undefined
      return {
        what:
          `Settings that change answers differ from the primary's: ` +
          `${names.map((name) => `${name} is ${own[name]}, there ${other[name]}`).join('; ')}.`,
        fix: 'Set the same values in postgresql.conf of all nodes, or for the role or the database.',
      }
    }),
  },
  {
    id: 'serializable-default',
    severity: 'warning',
    why: 'A standby refuses SERIALIZABLE, so the reads of such a session run on the primary.',
    check: ({ primary }) =>
      settingsOf(primary)['default_transaction_isolation'] === 'serializable'
        ? [
            {
              node: primary.id,
              what: 'default_transaction_isolation of this login is serializable.',
              fix:
                "SET default_transaction_isolation = 'repeatable read'; and BEGIN ISOLATION LEVEL " +
                'SERIALIZABLE where it is needed.',
            },
          ]
        : [],
  },
  {
    id: 'asynchronous-commit',
    severity: 'notice',
    why: 'A commit returns before it is flushed, so a replica shows it later: up to three times wal_writer_delay.',
    docs: 'understand/consistency.md',
    check: ({ primary }) =>
      settingsOf(primary)['synchronous_commit'] === 'off'
        ? [
            {
              node: primary.id,
              what: 'synchronous_commit is off.',
              fix: 'Set it to local or on, and to off only for transactions that may be lost.',
            },
          ]
        : [],
  },
  {
    id: 'hot-standby-feedback',
    severity: 'warning',
    why:
      'Vacuum on the primary removes rows that reads on the replica still need, and recovery cancels ' +
      'these reads (40001).',
    check: onEachReplica((node, { database }) => {
      if (settingsOf(node)['hot_standby_feedback'] !== 'off') return undefined
      const cancelled = known(node.statistics)?.conflicts ?? 0
      const replaced = known(database.rowsReplaced) ?? 0
      const counted = cancelled > 0 ? ` ${cancelled} queries have been cancelled.` : ''
      const load = replaced > 0 ? ` ${replaced} rows have been updated or deleted on the primary.` : ''
      return {
        what: `hot_standby_feedback is off.${counted}${load}`,
        fix: 'On the replica: ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();',
        ...(cancelled === 0 && replaced === 0 && { severity: 'notice' as const }),
      }
    }),
  },
  {
    id: 'standby-delay',
    severity: 'warning',
    why: 'A read holds back replay for as long as max_standby_streaming_delay, and is cancelled after that.',
    check: onEachReplica(standbyDelay),
  },
  {
    id: 'apply-delay',
    severity: 'error',
    why: 'The replica is behind on purpose: reads that follow a write wait that long, or go to the primary.',
    check: onEachReplica((node) => {
      const delayMs = Number(settingsOf(node)['recovery_min_apply_delay'] ?? 0)
      return delayMs > 0
        ? {
            what: `recovery_min_apply_delay is ${delayMs} ms.`,
            fix:
              'Use a replica without a delay for reads: ALTER SYSTEM RESET recovery_min_apply_delay; ' +
              'SELECT pg_reload_conf();',
          }
        : undefined
    }),
  },
  {
    id: 'autovacuum-off',
    severity: 'error',
    why: 'Dead rows stay, reads grow slower everywhere, and transaction IDs run out.',
    check: ({ primary }) =>
      settingsOf(primary)['autovacuum'] === 'off'
        ? [
            {
              node: primary.id,
              what: 'autovacuum is off.',
              fix: 'ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();',
            },
          ]
        : [],
  },
]

function standbyDelay(node: NodeFacts): Omit<Fault, 'node'> | undefined {
  const { max_standby_streaming_delay: text, hot_standby_feedback: feedback } = settingsOf(node)
  const delayMs = Number(text ?? Number.NaN)
  const setTo = (value: string): string =>
    `ALTER SYSTEM SET max_standby_streaming_delay = '${value}'; SELECT pg_reload_conf();`
  if (delayMs === -1) {
    return {
      what: 'max_standby_streaming_delay is -1: one read may hold back replay for ever.',
      fix: setTo('30s'),
    }
  }
  if (delayMs > LONG_DELAY_MS) {
    return {
      what: `max_standby_streaming_delay is ${delayMs / 1000} s: one read may hold back replay that long.`,
      fix: setTo('30s'),
    }
  }
  const slow = (node.statements && known(node.statements)) ?? []
  const running = known(node.activity) ?? []
  const longestMs = Math.max(
    0,
    ...slow.map(({ meanMs }) => meanMs),
    ...running.map(({ seconds }) => seconds * 1000),
  )
  if (feedback !== 'on' && (delayMs < SHORT_DELAY_MS || delayMs < longestMs)) {
    return {
      what:
        `max_standby_streaming_delay is ${delayMs} ms without ` +
        `hot_standby_feedback${longestMs > 0 ? `, and reads take ${Math.round(longestMs)} ms` : ''}.`,
      fix: `ALTER SYSTEM SET hot_standby_feedback = on; or ${setTo('30s')}`,
    }
  }
  return undefined
}
