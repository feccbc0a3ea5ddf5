import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool as PgPool, type ClientConfig } from 'pg'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { writeResult } from '../support/environment.ts'
import { median } from '../support/interleave.ts'
import { LatencyRecorder, rounded, type Latencies } from '../support/latencies.ts'
import { PRODUCT_BY_ID, PRODUCTS, startClusterOfProducts } from '../support/products.ts'
import { writePlot } from '../support/plot.ts'
import { readWithDrizzle, readWithKysely, type ReadProduct } from './libraries.ts'
import { startPgbouncer, startPgpool, type Proxy } from './proxies.ts'

/** Runs the same load, a primary-key SELECT, through this library and its alternatives, in turn, round after round. */
const { values: options } = parseArgs({
  options: {
    callers: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '12' },
    'round-ms': { type: 'string', default: '800' },
    out: { type: 'string', default: 'bench/results/peers.json' },
  },
})
const MAX = 20
const callers = Number(options.callers)
const roundMs = Number(options['round-ms'])

await using cluster = await startClusterOfProducts(2)

/** Functions that end what was started. They run in reverse order. */
const closers: (() => Promise<void>)[] = []
const open = (config: ClientConfig): PgPool => {
  const pool = new PgPool({ ...config, max: MAX })
  // A server that ends before its pools do is no accident here.
  pool.on('error', () => {})
  closers.push(() => pool.end())
  return pool
}
const plain =
  (pool: PgPool): ReadProduct =>
  (id) =>
    pool.query(PRODUCT_BY_ID, [id])

const routed = poolOver(cluster, { max: MAX })
closers.push(() => routed.end())
await replicasReady(routed)
const replicas = cluster.replicas.map(({ config }) => config)
const skipped: Record<string, string> = {}
const contenders: { readonly name: string; readonly read: ReadProduct }[] = [
  { name: 'pg-switchyard', read: plain(routed) },
  { name: 'pg.Pool, one replica', read: plain(open(replicas[0] ?? {})) },
  { name: 'drizzle on pg-switchyard', read: readWithDrizzle(routed, []) },
  {
    name: 'drizzle withReplicas',
    read: readWithDrizzle(open(cluster.primary.config), replicas.map(open)),
  },
  { name: 'kysely on pg-switchyard', read: readWithKysely(routed, []) },
  { name: 'kysely-replication', read: readWithKysely(open(cluster.primary.config), replicas.map(open)) },
]
const proxies: readonly (readonly [string, Proxy])[] = [
  ['pgpool-II', await startPgpool(cluster)],
  ['PgBouncer, one replica', await startPgbouncer(cluster)],
]
for (const [name, proxy] of proxies) {
  if ('skipped' in proxy) {
    skipped[name] = proxy.skipped
    console.log(`${name}: skipped: ${proxy.skipped}`)
    continue
  }
  closers.push(() => proxy.process[Symbol.asyncDispose]())
  contenders.push({ name, read: plain(open(proxy.config)) })
}

let next = 0
const id = (): number => (next = (next % PRODUCTS) + 1)
async function round(
  read: ReadProduct,
): Promise<{ readonly perSecond: number; readonly latencies: Latencies }> {
  const recorder = new LatencyRecorder()
  const startedAtMs = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAtMs < roundMs) {
      const askedAtMs = performance.now()
      await read(id())
      recorder.record(performance.now() - askedAtMs)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const latencies = recorder.latencies()
  return { perSecond: (latencies.count * 1000) / (performance.now() - startedAtMs), latencies }
}

for (const { read } of contenders) await round(read)
const rounds: Record<string, Awaited<ReturnType<typeof round>>>[] = []
for (let n = 0; n < Number(options.rounds); n++) {
  const figures: Record<string, Awaited<ReturnType<typeof round>>> = {}
  for (const { name, read } of n % 2 === 0 ? contenders : contenders.toReversed())
    figures[name] = await round(read)
  rounds.push(figures)
}
const results = contenders.map(({ name }) => {
  const of = (figures: (typeof rounds)[number]): number => figures[name]?.perSecond ?? NaN
  const ratios = rounds.map((figures) => (figures['pg-switchyard']?.perSecond ?? NaN) / of(figures))
  const latency = (key: 'p50Ms' | 'p99Ms'): number =>
    rounded(median(rounds.map((figures) => figures[name]?.latencies[key] ?? NaN)))
  return {
    name,
    perSecond: Math.round(median(rounds.map(of))),
    /** Throughput of pg-switchyard over this one's, round by round. */
    switchyardTimes: rounded(median(ratios)),
    p50Ms: latency('p50Ms'),
    p99Ms: latency('p99Ms'),
  }
})
for (const { name, perSecond, switchyardTimes, p50Ms, p99Ms } of results) {
  console.log(`${name}: ${perSecond}/s, p50/p99 ${p50Ms}/${p99Ms} ms; pg-switchyard ${switchyardTimes} times`)
}
writePlot(join(dirname(options.out), 'peers.svg'), {
  title: `Reads per second, ${callers} callers, primary-key SELECT, two replicas`,
  unit: 'reads/s',
  categories: results.map(({ name }) => name),
  series: [{ name: 'reads per second', values: results.map(({ perSecond }) => perSecond) }],
})
writeResult(options.out, {
  bench: 'peers',
  sql: PRODUCT_BY_ID,
  callers,
  roundMs,
  rounds: rounds.length,
  skipped,
  results,
})
for (const close of closers.toReversed()) await close()
