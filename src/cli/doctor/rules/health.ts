import { known, type Facts, type Index, type NodeFacts } from '../facts.ts'
import { onEachNode, type Fault, type Rule } from '../finding.ts'
import { listed } from './objects.ts'

const WANTED_HIT_RATIO = 0.99
/** Fewer accesses, of a server that has just started, prove nothing. */
const FEWEST_BLOCKS = 100_000
/** A smaller index costs little, in bytes. */
const SMALL_INDEX_BYTES = 100_000
const FEWEST_DEAD_ROWS = 1_000
/** Autovacuum that keeps up begins at its threshold, and needs a while. */
const THRESHOLDS = 2
const MOST_FREEZE_SHARE = 1.1
const MIB = 2 ** 20
const MOST_SLOT_BYTES = 1024 * MIB
const MOST_TEXT = 120

/** Rules about the health of the servers. */
export const healthRules: readonly Rule[] = [
  {
    id: 'cache-hit-ratio',
    severity: 'warning',
    why: 'The data that is read does not fit into memory, so reads wait for the disk.',
    check: onEachNode((node) => {
      const { blocksHit = 0, blocksRead = 0 } = known(node.statistics) ?? {}
      const blocks = blocksHit + blocksRead
      const ratio = blocksHit / blocks
      if (blocks < FEWEST_BLOCKS || ratio >= WANTED_HIT_RATIO) return undefined
      return {
        what: `${(ratio * 100).toFixed(1)} % of ${blocks} blocks were found in shared_buffers; 99 % is wanted.`,
        fix:
          'Raise shared_buffers (a quarter of the memory), add memory, or look for sequential scans that ' +
          'an index would spare.',
      }
    }),
  },
  {
    id: 'slow-queries',
    severity: 'warning',
    why: 'A slow query holds a connection, and on a replica it may hold back replay.',
    check: (facts) => onNodes(facts, slowQueries),
  },
  {
    id: 'idle-in-transaction',
    severity: 'warning',
    why: 'It holds a connection and its locks, and keeps vacuum from removing dead rows.',
    check: (facts) => onNodes(facts, idleTransactions),
  },
  {
    id: 'unused-indexes',
    severity: 'warning',
    why: 'Every write maintains them, and no node reads them.',
    check: unusedIndexes,
  },
  {
    id: 'duplicate-indexes',
    severity: 'warning',
    why: 'Every write maintains both, and one does for all reads.',
    check: duplicateIndexes,
  },
  {
    id: 'vacuum',
    severity: 'warning',
    why: 'Reads pass over dead rows on every node, and old transaction IDs run out in the end.',
    check: needOfVacuum,
  },
  {
    id: 'replication-slots',
    severity: 'error',
    why: 'The primary keeps all WAL from there on, until its disk is full.',
    check: slotsThatHoldWal,
  },
  {
    id: 'collation-version',
    severity: 'error',
    why: 'The order of texts has changed since indexes were built: reads through them may miss rows on this node.',
    check: onEachNode((node) => {
      const changed = known(node.collations) ?? []
      if (changed.length === 0) return undefined
      return {
        what:
          'Collations have another version than when they were recorded: ' +
          `${listed(changed.map(({ name, recorded, actual }) => `${name} (${recorded}, now ${actual})`))}.`,
        fix:
          'Run the same operating system release on all nodes. On the primary: REINDEX DATABASE …; ALTER ' +
          'DATABASE … REFRESH COLLATION VERSION;',
      }
    }),
  },
]

function onNodes(
  { primary, replicas, ...others }: Facts,
  check: (node: NodeFacts, slowMs: number) => readonly Omit<Fault, 'node'>[],
): readonly Fault[] {
  const { slowMs } = others.expected
  return [primary, ...replicas].flatMap((node) =>
    check(node, slowMs).map((fault) => ({ node: node.id, ...fault })),
  )
}

function slowQueries(node: NodeFacts, slowMs: number): readonly Omit<Fault, 'node'>[] {
  const running = (known(node.activity) ?? []).filter(({ state }) => state === 'active')
  const counted = (node.statements && known(node.statements)) ?? []
  return [
    ...running.map(({ pid, user, seconds, text }) => ({
      what: `A statement of ${user} has run for ${seconds.toFixed(1)} s (limit ${slowMs / 1000} s): ${shortened(text)}`,
      fix: `EXPLAIN it, and set statement_timeout for the role. To end it: SELECT pg_cancel_backend(${pid});`,
    })),
    ...counted.map(({ calls, meanMs, text }) => ({
      what: `A statement takes ${(meanMs / 1000).toFixed(1)} s on average, in ${calls} calls: ${shortened(text)}`,
      fix: 'EXPLAIN (ANALYZE, BUFFERS) it, and look for an index.',
    })),
  ]
}

function idleTransactions(node: NodeFacts): readonly Omit<Fault, 'node'>[] {
  return (known(node.activity) ?? [])
    .filter(({ state }) => state !== 'active')
    .map(({ pid, user, seconds }) => ({
      what: `A transaction of ${user} has been idle for ${seconds.toFixed(1)} s (process ${pid}).`,
      fix: "Commit before waiting for anything else; ALTER ROLE … SET idle_in_transaction_session_timeout = '1min';",
    }))
}

/** An index counts as used if any node has read it: reads run on the replicas. */
function unusedIndexes({ primary, replicas, database }: Facts): readonly Fault[] {
  const counts = [primary, ...replicas].map((node) => known(node.indexScans))
  if (counts.some((scans) => scans === undefined)) return []
  const unused = (known(database.indexes) ?? []).filter(
    ({ oid, bytes, isUnique, isNeeded }) =>
      !isUnique && !isNeeded && bytes >= SMALL_INDEX_BYTES && counts.every((scans) => scans?.get(oid) === 0),
  )
  if (unused.length === 0) return []
  const described = unused.map(({ name, table, bytes }) => `${name} on ${table} (${inMib(bytes)})`)
  return [
    {
      what: `No node has used these indexes since its statistics began: ${listed(described)}.`,
      fix: unused.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join('\n'),
    },
  ]
}

function duplicateIndexes({ database }: Facts): readonly Fault[] {
  const groups = new Map<string, Index[]>()
  for (const index of known(database.indexes) ?? []) {
    groups.set(index.definition, [...(groups.get(index.definition) ?? []), index])
  }
  return [...groups.values()].flatMap((group) => {
    // One that a constraint needs, else a unique one, else the oldest stays.
    const kept = group.find(({ isNeeded }) => isNeeded) ?? group.find(({ isUnique }) => isUnique) ?? group[0]
    const spare = group.filter((index) => index !== kept && !index.isNeeded && !isStricter(index, kept))
    if (kept === undefined || spare.length === 0) return []
    return [
      {
        what: `${listed(spare.map(({ name }) => name))} on ${kept.table}: the same as ${kept.name}.`,
        fix: spare.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join('\n'),
      },
    ]
  })
}

function isStricter(index: Index, kept: Index | undefined): boolean {
  return index.isUnique && kept?.isUnique === false
}

function needOfVacuum({ database }: Facts): readonly Fault[] {
  return (known(database.vacuum) ?? []).flatMap(
    ({ table, live, dead, threshold, isAutovacuumOff, freezeShare }) => {
      const isLate = dead >= FEWEST_DEAD_ROWS && dead > THRESHOLDS * threshold
      const isOld = freezeShare > MOST_FREEZE_SHARE
      if (!isLate && !isOld) return []
      const rows = isLate ? ` ${dead} dead rows beside ${live} live ones.` : ''
      const age = isOld ? ' Its oldest rows wait to be frozen for longer than autovacuum_freeze_max_age.' : ''
      const on = isAutovacuumOff ? ` ALTER TABLE ${table} RESET (autovacuum_enabled);` : ''
      return [{ what: `${table} needs a vacuum:${rows}${age}`, fix: `VACUUM (ANALYZE) ${table};${on}` }]
    },
  )
}

function slotsThatHoldWal({ database }: Facts): readonly Fault[] {
  return (known(database.slots) ?? []).flatMap(({ name, isActive, walStatus, keptBytes }) => {
    const drop = `SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}');`
    if (walStatus === 'lost') {
      return [{ what: `Slot ${name} has lost WAL: its replica cannot follow any more.`, fix: drop }]
    }
    if (keptBytes === undefined || (isActive && keptBytes < MOST_SLOT_BYTES)) return []
    return [
      {
        what: `Slot ${name} ${isActive ? 'is far behind' : 'is unused'}, and holds back ${inMib(keptBytes)} of WAL.`,
        fix: isActive
          ? 'Look at the replica behind it, and bound it: max_slot_wal_keep_size.'
          : `${drop} Or bring its replica back, and set max_slot_wal_keep_size.`,
      },
    ]
  })
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}

function shortened(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text
}
