import { parseArgs } from 'node:util'
import { Pool as PgPool } from 'pg'
import { Pool } from '../../src/index.ts'
import { writeResult } from '../support/environment.ts'
import { compare, type Comparison } from '../support/interleave.ts'
import { PRODUCT_BY_ID, PRODUCTS, startClusterOfProducts } from '../support/products.ts'
import { memoryOfSessions } from '../offload/memory.ts'
import { decisionFigures } from './decision.ts'
import { watchingCosts } from './observability.ts'

/**
 * Measures `pool.query()` of this library, with one replica, against a bare `pg.Pool`, interleaved in one process.
 * Reads run against a `pg.Pool` on that same replica, writes and transactions against one on the same primary. Best on
 * an idle machine: ratios hold while it is busy, but a contender with more processes gets more of its time.
 */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '1,4,16,64' },
    cases: { type: 'string', default: 'key,different,large,slow,write,transaction' },
    rounds: { type: 'string', default: '40' },
    'round-ms': { type: 'string', default: '300' },
    /** Rounds of all ways of watching the pool; 0 for none. */
    watching: { type: 'string', default: '20' },
    'watching-ms': { type: 'string', default: '1000' },
    out: { type: 'string', default: 'bench/results/overhead.json' },
  },
})

const SESSIONS = 100_000

const decision = await decisionFigures(PRODUCT_BY_ID)
const session = await memoryOfSessions(SESSIONS)
console.log(
  `a decision, with 1, 3 and 8 replicas: ${Object.values(decision.microseconds).join(', ')} µs; ` +
    `a statement in the cache: ${decision.bytesPerStatement.ofItsOwn} bytes; a session: ${session.bytesEach} bytes`,
)

await using cluster = await startClusterOfProducts(1)

const [replica] = cluster.replicas
if (replica === undefined) throw new Error('The cluster has no replica')
const bare = new PgPool({ ...replica.config, max: 10 })
const bareWriter = new PgPool({ ...cluster.primary.config, max: 10 })
const routed = new Pool({ ...cluster.primary.config, max: 10, replicas: [replica.config], logger: false })

// Until the database's own tables are known, reads of them go to the primary.
await routed.query('select 1')
await routed.ready()

let next = 0
let texts = 0
const id = (): number => (next = (next % PRODUCTS) + 1)

async function transaction(pool: PgPool): Promise<void> {
  const client = await pool.connect()
  await client.query('begin')
  await client.query(PRODUCT_BY_ID, [id()])
  await client.query('update products set price = $2 where id = $1', [id(), 5])
  await client.query('commit')
  client.release()
}

interface Case {
  /** The work that is done once over a pool. */
  readonly once: (pool: PgPool) => Promise<unknown>
  readonly isWrite?: boolean
  /** Only so many callers at once: more say nothing new. */
  readonly callers?: readonly number[]
}

const cases: Readonly<Record<string, Case>> = {
  key: { once: (pool) => pool.query(PRODUCT_BY_ID, [id()]) },
  different: {
    once: (pool) =>
      pool.query(`select id, label, price from products where id = ${id()} and price < ${(texts += 1)}`),
    callers: [16],
  },
  large: { once: (pool) => pool.query("select repeat('x', 10000000)"), callers: [4] },
  slow: { once: (pool) => pool.query('select pg_sleep(0.01)::text'), callers: [16] },
  write: {
    once: (pool) => pool.query('update products set price = $2 where id = $1', [id(), 5]),
    isWrite: true,
    callers: [16],
  },
  transaction: { once: transaction, isWrite: true, callers: [16] },
}

const results: (Comparison & { readonly name: string })[] = []
const asked = options.callers.split(',').map(Number)
for (const name of options.cases.split(',').filter((each) => each !== 'none')) {
  const found = cases[name]
  if (found === undefined) throw new Error(`No case is called "${name}": ${Object.keys(cases).join(', ')}`)
  const { once, isWrite = false, callers: few = asked } = found
  for (const callers of few) {
    const contenders = [
      { name: 'pg.Pool', once: () => once(isWrite ? bareWriter : bare) },
      { name: 'pg-switchyard', once: () => once(routed) },
    ] as const
    const result = await compare(contenders, callers, Number(options.rounds), Number(options['round-ms']))
    results.push({ name, ...result })
    const { median, min, max } = result.ratio
    const figures = Object.entries(result.throughput).map(([who, perSecond]) => `${who} ${perSecond}/s`)
    console.log(
      `${name}, ${callers} callers: ${figures.join(', ')}, ratio ${median.toFixed(3)} (${min.toFixed(2)}–${max.toFixed(2)})`,
    )
  }
}
const watchingRounds = Number(options.watching)
const watching =
  watchingRounds === 0
    ? undefined
    : await watchingCosts(routed, () => routed.query(PRODUCT_BY_ID, [id()]), {
        callers: 16,
        rounds: watchingRounds,
        roundMs: Number(options['watching-ms']),
      })
if (watching !== undefined) {
  console.log(`a read that nobody watches: ${watching.cpuMicroseconds.toFixed(1)} µs of CPU time`)
  for (const { cpuMicroseconds, name, ratio } of watching.costs)
    console.log(`  with ${name}: ratio ${ratio.toFixed(3)}, ${cpuMicroseconds.toFixed(1)} µs more`)
  const beyond = watching.spansBeyondSdkMicroseconds.toFixed(1)
  console.log(`  spans of OpenTelemetry take ${beyond} µs more than the SDK's own span`)
}
const { offload } = routed.stats()
console.log(`reads off the primary: ${(100 * offload).toFixed(1)} %`)
writeResult(options.out, {
  bench: 'overhead',
  sql: PRODUCT_BY_ID,
  offload,
  decision,
  session,
  results,
  watching,
})
await Promise.all([bare.end(), bareWriter.end(), routed.end()])
