import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { refresh, loadCatalog, type CatalogQuery, type Loaded } from '../../src/catalog/loader.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { writeResult } from '../support/environment.ts'
import { createBigDatabase } from './big-database.ts'

/**
 * Measures the cost of loading the catalog of a big database, and of checking whether it changed. The figures are time
 * on the server and in this process, bytes of the answer, and memory that stays.
 */
const { values: options } = parseArgs({
  options: {
    functions: { type: 'string', default: '50000' },
    relations: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'bench/results/catalog.json' },
  },
})

const size = { functions: Number(options.functions), relations: Number(options.relations) }
const rounds = Number(options.rounds)

await using cluster = await startCluster({
  replicas: 0,
  // Thousands of tables are made in one transaction.
  settings: { max_locks_per_transaction: 2_000, max_wal_size: '4GB' },
})
const client = new Client(cluster.primary.config)
// If the run ends early, the server ends first; the error that counts comes after it.
client.on('error', () => {})
await client.connect()

let answerBytes = 0
const query: CatalogQuery = async (sql) => {
  const answer: unknown = await client.query(sql)
  const { rows } = (Array.isArray(answer) ? answer.at(-1) : answer) as { readonly rows: readonly unknown[] }
  answerBytes = Buffer.byteLength(JSON.stringify(rows))
  return rows
}

async function timed<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly ms: number }> {
  const startedAt = performance.now()
  const value = await work()
  return { value, ms: performance.now() - startedAt }
}

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function repeated(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) times.push((await timed(work)).ms)
  return median(times)
}

async function measure(): Promise<Readonly<Record<string, number>>> {
  const before = heapBytes()
  const first = await timed(() => loadCatalog(query, 1))
  const bytes = answerBytes
  const kept: Loaded = first.value
  const heapGrowthBytes = heapBytes() - before
  return {
    functions: kept.counts.functions,
    relations: kept.counts.relations,
    firstLoadMs: first.ms,
    loadMs: await repeated(() => loadCatalog(query, 1)),
    answerBytes: bytes,
    heapGrowthBytes,
    unchangedCheckMs: await repeated(() => refresh(query, kept)),
    thoroughCheckMs: await repeated(() => refresh(query, kept, { thoroughly: true })),
  }
}

const empty = await measure()
console.log('a new database', empty)
await createBigDatabase(client, size)
const big = await measure()
console.log('a big database', big)
await client.end()
writeResult(options.out, { empty, big })
