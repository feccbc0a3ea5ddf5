import { known, type Answer, type ConnectionLimits, type NodeFacts } from '../facts.ts'
import { PLAIN, type Part } from '../../../topology/wording.ts'
import { onEachNode, type Fault, type Rule } from '../finding.ts'

/** Connections that a pool opens to a node besides `max`: the monitor's, and the one that loads the catalog. */
const OWN_CONNECTIONS = 2

/** Rules about logins, their rights and their connections. */
export const connectionRules: readonly Rule[] = [
  {
    id: 'probe-rights',
    severity: 'error',
    why:
      'The pool knows a node only by these answers. One that tells no position and no lag gets no reads ' +
      'that must be fresh.',
    docs: 'understand/probes.md',
    check: onEachNode(probeRights),
  },
  {
    id: 'pg-monitor',
    severity: 'warning',
    why:
      'After a promotion the new timeline of a replica is seen late, up to checkpoint_timeout; until then ' +
      'its reads go to the primary.',
    docs: 'understand/probes.md',
    check: ({ primary, replicas }) => {
      const { user } = primary.server
      const isMissing = [primary, ...replicas].some(({ server }) => !server.mayMonitor)
      return isMissing
        ? [
            {
              what: `The login ${user} is no member of pg_monitor.`,
              fix: `On the primary: GRANT pg_monitor TO ${quoteName(user)};`,
            },
          ]
        : []
    },
  },
  {
    id: 'connection-limit',
    severity: 'error',
    why: 'Connections beyond the limit are refused (53300): reads move to other nodes, writes fail.',
    check: onEachNode((node, { expected }) => {
      const limits = known(node.limits)
      if (limits === undefined) return undefined
      // Behind a transaction pooler, clients are not connections of the server.
      if (known(node.pooler) === 'transaction') return undefined
      const { processes, max } = expected
      return tooMany(
        limits,
        processes * (max + OWN_CONNECTIONS),
        `${processes} × (${max} + ${OWN_CONNECTIONS})`,
      )
    }),
  },
  {
    id: 'pooler',
    severity: 'notice',
    why:
      'SET, LISTEN, advisory locks and temporary tables of a session do not last with transaction ' +
      'pooling, and startup parameters may be refused.',
    docs: 'operate/pgbouncer.md',
    check: onEachNode((node) => {
      const mode = known(node.pooler)
      if (mode === undefined || mode === 'none') return undefined
      return {
        what: `A pooler in ${mode} mode stands in between.`,
        fix:
          mode === 'session'
            ? 'Its default_pool_size must exceed processes × (max + 2).'
            : 'Follow the recommended settings for PgBouncer; --processes and --max concern its max_client_conn.',
      }
    }),
  },
]

function tooMany(
  { server, role, database, used }: ConnectionLimits,
  needed: number,
  sum: string,
): Omit<Fault, 'node'> | undefined {
  const limits: readonly (readonly [number, string, string])[] = [
    [server, 'the server has', 'ALTER SYSTEM SET max_connections = …; and restart, the primary last'],
    [role ?? Infinity, 'the role may have', 'ALTER ROLE … CONNECTION LIMIT …;'],
    [database ?? Infinity, 'the database may have', 'ALTER DATABASE … CONNECTION LIMIT …;'],
  ]
  const [limit, whose, change] = limits.reduce((least, each) => (each[0] < least[0] ? each : least))
  const fix = `Lower max or the number of processes, or raise the limit: ${change}`
  if (needed > limit) {
    return { what: `${sum} = ${needed} connections may be opened, and ${whose} ${limit}.`, fix }
  }
  if (limit === server && needed + used > server) {
    return {
      severity: 'warning',
      what: `${sum} = ${needed} connections may be opened, and other roles have ${used} now; ${whose} ${limit}.`,
      fix,
    }
  }
  return undefined
}

function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** Parts of the monitor's question without which a node is hardly of use. */
const NEEDED = ['systemIdentifier', 'server', 'flushedLsn', 'replayedLsn'] as const

function probeRights({ probe, server }: NodeFacts): Omit<Fault, 'node'> | undefined {
  const fix =
    'GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint(), pg_control_recovery() ' +
    `TO ${quoteName(server.user)};`
  if ('unknown' in probe) return { what: `The query of the pool's monitor fails: ${probe.unknown}`, fix }
  const { wording = PLAIN, statedLagMs } = probe.known
  const refused = (Object.keys(PLAIN) as Part[]).filter(
    (part) => part !== 'replicaStatus' && part !== 'instance' && wording[part] !== PLAIN[part],
  )
  if (refused.length === 0) return undefined
  const isHarmless = statedLagMs !== undefined || !NEEDED.some((part) => refused.includes(part))
  return {
    what:
      `The server refuses parts of the query of the pool's monitor: ` +
      `${refused.map((part) => PLAIN[part]).join(', ')}.`,
    fix: `${fix} A managed service may not have these functions.`,
    ...(isHarmless && { severity: 'notice' as const }),
  }
}

/** Reports each answer that is missing. */
export const uncheckedRule: Rule = {
  id: 'could-not-check',
  severity: 'warning',
  why: 'A problem there would not be noticed.',
  check: ({ primary, replicas, database }) => [
    ...[primary, ...replicas].flatMap((node) => unanswered(node.id, nodeLabels, node, node)),
    ...unanswered(primary.id, databaseLabels, database, primary),
  ],
}

const nodeLabels = {
  settings: 'settings',
  limits: 'connection limits',
  pooler: 'a pooler in between',
  activity: 'running statements',
  statements: 'slow statements',
  statistics: 'the cache hit ratio',
  collations: 'versions of collations',
  indexScans: 'use of indexes',
  replay: 'replay',
  lag: 'lag',
}

const databaseLabels = {
  relations: 'unlogged and foreign tables',
  boundRelations: 'views that stay on the primary',
  functions: 'functions',
  indexes: 'indexes',
  vacuum: 'the need for vacuum',
  rowsReplaced: 'rows that were replaced',
  slots: 'replication slots',
}

function unanswered(
  id: string,
  labels: Readonly<Record<string, string>>,
  answers: object,
  { server }: NodeFacts,
): readonly Fault[] {
  return Object.entries(labels).flatMap(([name, label]) => {
    const answer = Reflect.get(answers, name) as Answer<unknown> | undefined
    if (answer === undefined || 'known' in answer) return []
    const isForbidden = !server.mayMonitor
    return [
      {
        node: id,
        what: `Could not check ${label}: ${isForbidden ? 'needs pg_monitor' : answer.unknown}`,
        fix: isForbidden
          ? `GRANT pg_monitor TO ${quoteName(server.user)};`
          : 'Run it again when the server answers, with a login that has the privilege.',
        // Nothing can be done about a function that the server does not have.
        ...(!isForbidden && answer.isRefused === true && { severity: 'notice' as const }),
      },
    ]
  })
}
