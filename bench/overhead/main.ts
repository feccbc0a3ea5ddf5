import { parseArgs } from 'node:util'
import { Pool as PgPool } from 'pg'
import { Pool } from '../../src/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { writeResult } from '../support/environment.ts'
import { compare, type Comparison } from '../support/interleave.ts'

/**
 * What routing costs: `pool.query()` of a primary-key SELECT over this library, with one replica, against a bare
 * `pg.Pool` on that same replica; in one process, interleaved.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '1,16' },
    rounds: { type: 'string', default: '40' },
    'round-ms': { type: 'string', default: '300' },
    out: { type: 'string', default: 'bench/results/overhead.json' },
  },
})

const SQL = 'select id, label, price from products where id = $1'
const ROWS = 10_000

await using cluster = await startCluster({ replicas: 1 })
const setup = new PgPool(cluster.primary.config)
await setup.query('create table products (id int primary key, label text not null, price int not null)')
await setup.query(
  `insert into products select g, 'product ' || g, g % 1000 from generate_series(1, ${ROWS}) g`,
)
await setup.query('vacuum analyze products')
await setup.end()
await cluster.caughtUp()

const [replica] = cluster.replicas
if (replica === undefined) throw new Error('The cluster has no replica')
const bare = new PgPool({ ...replica.config, max: 10 })
const routed = new Pool({ ...cluster.primary.config, max: 10, replicas: [replica.config], logger: false })

// Until the database's own tables are known, reads of them go to the primary.
await routed.query('select 1')
while (routed.stats().catalog !== 'loaded') await new Promise((resolve) => setTimeout(resolve, 20))

let next = 0
const id = (): number => (next = (next % ROWS) + 1)
const results: Comparison[] = []
for (const callers of options.callers.split(',').map(Number)) {
  const contenders = [
    { name: 'pg.Pool', once: () => bare.query(SQL, [id()]) },
    { name: 'pg-switchyard', once: () => routed.query(SQL, [id()]) },
  ] as const
  const result = await compare(contenders, callers, Number(options.rounds), Number(options['round-ms']))
  results.push(result)
  const { median, min, max } = result.ratio
  const figures = Object.entries(result.throughput).map(([name, perSecond]) => `${name} ${perSecond}/s`)
  console.log(
    `${callers} callers: ${figures.join(', ')}, ratio ${median.toFixed(3)} (${min.toFixed(2)}–${max.toFixed(2)})`,
  )
}
const { offload } = routed.stats()
console.log(`reads off the primary: ${(100 * offload).toFixed(1)} %`)
writeResult(options.out, { bench: 'overhead', sql: SQL, offload, results })
await Promise.all([bare.end(), routed.end()])
