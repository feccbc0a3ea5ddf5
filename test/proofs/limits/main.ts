import { parseArgs } from 'node:util'
import { startCluster } from '../../../src/test-cluster/index.ts'
import { manyCallers } from './callers.ts'
import { manyChanges } from './changes.ts'
import { limitGround, type Limit } from './limit.ts'
import { manySessions } from './sessions.ts'
import { manyStatements } from './statements.ts'

/** Goes to limits: of callers, sessions, statements, and changes of the nodes. Fails when a bound is broken. */
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    callers: { type: 'string', default: '10000' },
    connections: { type: 'string', default: '20' },
    sessions: { type: 'string', default: '1000000' },
    live: { type: 'string', default: '100000' },
    statements: { type: 'string', default: '1000000' },
    changes: { type: 'string', default: '5000' },
  },
})

const limits = {
  callers: (cluster) =>
    manyCallers(cluster, { callers: Number(options.callers), connections: Number(options.connections) }),
  sessions: (cluster) =>
    manySessions(cluster, { sessions: Number(options.sessions), live: Number(options.live) }),
  statements: (cluster) => manyStatements(cluster, { statements: Number(options.statements) }),
  changes: (cluster) => manyChanges(cluster, { changes: Number(options.changes), everyMs: 10 }),
  discovery: (cluster) => manyChanges(cluster, { changes: Number(options.changes) / 10 }),
} satisfies Record<string, (cluster: Awaited<ReturnType<typeof startCluster>>) => Promise<Limit>>

const only = options.only?.split(',')
for (const [name, run] of Object.entries(limits)) {
  if (only !== undefined && !only.includes(name)) continue
  // None inherits the connections, or the WAL, of another.
  await using cluster = await startCluster({ replicas: 2, settings: { max_connections: 200 } })
  await limitGround(cluster)
  const startedAtMs = performance.now()
  const { broken, figures } = await run(cluster)
  console.log(`${name}, ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`)
  console.table(figures)
  for (const text of broken) console.error(`Not as it must be: ${text}`)
  if (broken.length > 0) process.exitCode = 1
}
