import { parseArgs } from 'node:util'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { isolationRun, tenantRows } from '../tenants/isolation.ts'

/**
 * Many callers read as tenants, and without one, while statements fail and connections are killed: no answer may hold a
 * row of another tenant, miss one of its own, or show a setting to a caller without a tenant.
 */
const { values: options } = parseArgs({
  options: {
    reads: { type: 'string', default: '100000' },
    callers: { type: 'string', default: '64' },
    tenants: { type: 'string', default: '50' },
    'kill-every-ms': { type: 'string', default: '100' },
  },
})
const tenants = Number(options.tenants)

await using cluster = await startCluster({ replicas: 2 })
await ask(cluster.primary.config, tenantRows(tenants))
await cluster.caughtUp()
const pool = poolOver(cluster, { application_name: 'tenants', max: 10 })
await replicasReady(pool)
const found = await isolationRun(pool, cluster, {
  reads: Number(options.reads),
  callers: Number(options.callers),
  tenants,
  killEveryMs: Number(options['kill-every-ms']),
})
await pool.end()
console.log(JSON.stringify(found, null, 2))
const isProven = found.foreignRows + found.missing + found.leftBehind + found.unexpectedErrors.length === 0
if (!isProven) process.exitCode = 1
