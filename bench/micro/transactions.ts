import { parseArgs } from 'node:util'
import { Pool as PgPool, type PoolClient } from 'pg'
import { Pool } from '../../src/index.ts'
import { median } from '../support/interleave.ts'
import { PRODUCT_BY_ID, startClusterOfProducts } from '../support/products.ts'
import { RecordedSocket, replay } from '../support/recorded-socket.ts'

/**
 * Measures the CPU time of transactions and writes on the primary beside bare `pg.Pool`, in interleaved runs. Counts
 * the requests of each. Recorded answers come at once, so only JavaScript is measured. `npm run bench:transactions`
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '1,4,16' },
    rounds: { type: 'string', default: '20' },
    operations: { type: 'string', default: '3000' },
  },
})

const UPDATE = 'update products set price = $2 where id = $1'

async function connected(pool: PgPool, run: (client: PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  await client.query('begin')
  await run(client)
  await client.query('commit')
  client.release()
}

const cases: Readonly<Record<string, (pool: PgPool) => Promise<unknown>>> = {
  checkout: async (pool) => {
    const client = await pool.connect()
    client.release()
  },
  'empty transaction': (pool) => connected(pool, () => Promise.resolve()),
  transaction: (pool) =>
    connected(pool, async (client) => {
      await client.query(PRODUCT_BY_ID, [7])
      await client.query(UPDATE, [7, 5])
    }),
  write: (pool) => pool.query(UPDATE, [7, 5]),
}

/** Requests of the cases. The pool's own questions must not be answered from a record. */
const isOfCase = (request: string): boolean => /products|begin|commit/.test(request)

await using cluster = await startClusterOfProducts(1)
const bare = new PgPool({ ...cluster.primary.config, max: 10, stream: () => new RecordedSocket(isOfCase) })
const routed = new Pool({
  ...cluster.primary.config,
  max: 10,
  replicas: cluster.replicas.map((replica) => replica.config),
  logger: false,
  stream: () => new RecordedSocket(isOfCase),
})
await routed.query('select 1')
await routed.ready()

interface Cost {
  readonly microseconds: number
  readonly requests: number
}

async function costOf(once: () => Promise<unknown>, callers: number): Promise<Cost> {
  const operations = Number(options.operations)
  let left = operations
  const { requests } = replay
  const before = process.cpuUsage()
  const caller = async (): Promise<void> => {
    while (left-- > 0) await once()
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const { system, user } = process.cpuUsage(before)
  return { microseconds: (system + user) / operations, requests: (replay.requests - requests) / operations }
}

for (const [name, once] of Object.entries(cases)) {
  replay.mode = 'record'
  await once(bare)
  // BEGIN travels with the first statement, so some requests are its own.
  await once(routed)
  replay.mode = 'replay'
  for (const callers of options.callers.split(',').map(Number)) {
    const pools = [bare, routed] as const
    for (const pool of pools) await costOf(() => once(pool), callers)
    const costs: (readonly [Cost, Cost])[] = []
    for (let round = 0; round < Number(options.rounds); round++) {
      const [first, second] = round % 2 === 0 ? pools : pools.toReversed()
      const [a, b] = [await costOf(() => once(first), callers), await costOf(() => once(second), callers)]
      costs.push(round % 2 === 0 ? [a, b] : [b, a])
    }
    const of = (which: 0 | 1, what: keyof Cost): string =>
      median(costs.map((pair) => pair[which][what])).toFixed(2)
    const more = median(costs.map(([a, b]) => b.microseconds - a.microseconds)).toFixed(2)
    const ratio = median(costs.map(([a, b]) => b.microseconds / a.microseconds)).toFixed(2)
    console.log(
      `${name}, ${callers} callers: pg.Pool ${of(0, 'microseconds')} µs, pg-switchyard ${of(1, 'microseconds')} µs ` +
        `(${more} more, ratio ${ratio}); requests ${of(0, 'requests')} and ${of(1, 'requests')}`,
    )
  }
  replay.mode = 'pass'
}
await Promise.all([bare.end(), routed.end()])
