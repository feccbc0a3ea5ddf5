import { expect, onTestFailed, test } from 'vitest'
import { outcomeOf, patroniDiscovery, Pool } from '../../src/index.ts'
import { until } from '../support/servers.ts'
import { PatroniCluster } from './cluster.ts'
import { findRequirements } from './requirements.ts'

const found = await findRequirements()
const missing = typeof found === 'string' ? found : undefined
const PATIENCE_MS = 60_000

test.skipIf(missing !== undefined)(
  `a pool finds its nodes through a real Patroni, and follows a switchover under load${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  { timeout: 180_000 },
  async () => {
    if (typeof found === 'string') return
    await using cluster = await PatroniCluster.create(found, ['a', 'b'])
    onTestFailed(async () => console.error(await cluster.logs()))
    await Promise.all([cluster.start('a'), cluster.start('b')])
    const a = cluster.member('a')
    const pool = new Pool({
      ...cluster.login,
      host: '127.0.0.1',
      port: a.port,
      discovery: patroniDiscovery({ urls: [a.apiUrl], intervalMs: 200 }),
      withoutPrimaryAtStart: 'wait',
      failoverTimeoutMs: 30_000,
      logger: false,
    })
    const changes: object[] = []
    pool.events.on('primaryChanged', (change) => changes.push(change))
    try {
      await until('both are found', () => replicas() === 1, PATIENCE_MS)
      await pool.query('create table ledger (n int primary key)')
      const written: number[] = []
      const unknown: number[] = []
      const failedReads: unknown[] = []
      let isOver = false
      const write = async (): Promise<void> => {
        for (let n = 0; !isOver; n++) {
          await pool.query('insert into ledger values ($1)', [n]).then(
            () => written.push(n),
            (error: unknown) => {
              expect(outcomeOf(error)).toBe('unknown')
              unknown.push(n)
            },
          )
        }
      }
      const read = async (): Promise<void> => {
        while (!isOver)
          await pool.query('select count(*) from ledger').catch((error: unknown) => failedReads.push(error))
      }
      const load = Promise.all([write(), read(), read()])
      await until('it runs', () => written.length > 50)
      const [leader, candidate] = primaryPort() === a.port ? ['a', 'b'] : ['b', 'a']
      expect(await cluster.post('a', 'switchover', { leader, candidate })).toContain('Successfully')
      await until('the other one is the primary', () => changes.length === 2, PATIENCE_MS)
      const before = written.length
      await until('it takes writes', () => written.length > before + 50, PATIENCE_MS)
      isOver = true
      await load

      expect(failedReads).toEqual([])
      const { rows } = await pool.query<{ n: number }>('select n from ledger /* route: primary */')
      const there = new Set(rows.map(({ n }) => n))
      expect(written.filter((n) => !there.has(n))).toEqual([])
      const known = new Set([...written, ...unknown])
      expect([...there].filter((n) => !known.has(n))).toEqual([])
    } finally {
      await pool.end()
    }

    function replicas(): number {
      // Looks at the cluster, if nobody else does.
      void pool.query('select 1').catch(() => {})
      return pool.stats().nodes.filter(({ state }) => state === 'replica').length
    }
    function primaryPort(): number {
      const primary = pool.stats().nodes.find(({ state }) => state === 'primary')
      return Number(primary?.id.split(':').at(-1))
    }
  },
)
