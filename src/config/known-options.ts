/** Options that node-postgres 8.23 and pg-pool 3.14 read. */
const PG_OPTIONS = [
  'user',
  'password',
  'host',
  'port',
  'database',
  'connectionString',
  'ssl',
  'sslmode',
  'sslnegotiation',
  'enableChannelBinding',
  'scramMaxIterations',
  'stream',
  'connection',
  'keepAlive',
  'keepAliveInitialDelayMillis',
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'options',
  'replication',
  'binary',
  'types',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'connectionTimeoutMillis',
  'connect_timeout',
  'pipeline',
  'Promise',
  'max',
  'poolSize',
  'min',
  'idleTimeoutMillis',
  'maxUses',
  'maxLifetimeSeconds',
  'allowExitOnIdle',
  'onConnect',
  'verify',
  'log',
  'Client',
  'isDomainSocket',
  'parseInputDatesAsUTC',
] as const

/** Options that node-postgres ignores, but configurations of tools contain. */
const OVERLOOKED = ['adapter', 'native'] as const

/** Options of a replica. */
export const REPLICA_OPTIONS: ReadonlySet<string> = new Set([
  ...PG_OPTIONS,
  ...OVERLOOKED,
  'balanced',
  'name',
  'tags',
  'weight',
])

/** Options of the pool. */
export const POOL_OPTIONS: ReadonlySet<string> = new Set([
  ...PG_OPTIONS,
  ...OVERLOOKED,
  'name',
  'tags',
  'replicas',
  'consistency',
  'catchUpTimeoutMs',
  'maxStalenessMs',
  'withoutPrimaryAtStart',
  'windowMs',
  'declared',
  'parser',
  'statementCacheBytes',
  'maxSqlBytes',
  'probeIntervalMs',
  'probeTimeoutMs',
  'maxLag',
  'readTimeoutMs',
  'failoverTimeoutMs',
  'primarySpill',
  'discovery',
  'tokens',
  'transactions',
  'checkout',
  'lifecycle',
  'leakWarningMs',
  'balancer',
  'tiers',
  'lanes',
  'prepare',
  'pipelineBegin',
  'logger',
])

/** Comparing takes as many steps as both names have characters. No legal name is as long. */
const LONGEST_COMPARED = 64

/** Returns the legal name that is most similar to a mistyped one, if any is similar. */
export function nearest(name: string, legal: Iterable<string>): string | undefined {
  if (name.length > LONGEST_COMPARED) return undefined
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of legal) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_unused, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
