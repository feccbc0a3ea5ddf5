import { createRequire } from 'node:module'
import { create, type Domain } from 'node:domain'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

// Wraps node-postgres as tracing tools do. With their own packages: test/tracing/tracing.test.ts.

type Callback = (error: Error | null, result?: unknown) => void
type Wrapped = (this: unknown, ...args: unknown[]) => unknown
interface Trace {
  readonly text: string
  readonly name: unknown
  isEnded: boolean
}

const READ = 'select label from items where id = $1'
// The class as it is where the library takes it from.
const { Client, Connection } = createRequire(import.meta.url)('pg') as typeof pg
const original = Reflect.get(Client.prototype, 'query') as Wrapped
const originalParse = Reflect.get(Connection.prototype, 'parse') as Wrapped

let cluster: Cluster
let traces: Trace[]
/** What was parsed with a name. */
const parsed = new Set<string>()

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(5))
})

afterAll(() => cluster?.stop())

beforeEach(() => {
  traces = []
  parsed.clear()
  Reflect.set(Connection.prototype, 'parse', function (this: unknown, query: Trace): unknown {
    if (String(query.name).startsWith('switchyard_')) parsed.add(query.text)
    return originalParse.call(this, query)
  })
  Reflect.set(Client.prototype, 'query', function (this: unknown, ...args: unknown[]): unknown {
    const [query] = args as [string | Partial<Trace>]
    const { text = '', name } = typeof query === 'string' ? { text: query } : query
    const trace: Trace = { text, name, isEnded: false }
    traces.push(trace)
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      args[args.length - 1] = (...answer: Parameters<Callback>): void => {
        trace.isEnded = true
        ;(callback as Callback)(...answer)
      }
    }
    const result = original.apply(this, args)
    const end = (): void => void (trace.isEnded = true)
    if (result instanceof Promise) result.then(end, end)
    return result
  })
})

afterEach(() => {
  Reflect.set(Client.prototype, 'query', original)
  Reflect.set(Connection.prototype, 'parse', originalParse)
})

const open = poolsForTests(() => cluster, { consistency: 'eventual' })

/** Until this read is fast, and prepared where reads are. */
async function warmUp(pool: Pool): Promise<void> {
  await until('the read is prepared', async () => {
    for (let i = 0; i < 20; i++) await pool.query(READ, [1])
    return parsed.has(READ)
  })
}

it.each([1, 4])('with max: %d the trace of every read ends, and has no name of ours', async (max) => {
  const pool = await open({ max })
  await warmUp(pool)
  traces = []
  await Promise.all(Array.from({ length: 50 }, (_, i) => pool.query(READ, [i])))
  await pool.query({ text: READ, values: [1], rowMode: 'array' })
  expect(traces).toEqual(Array.from({ length: 51 }, () => ({ text: READ, name: undefined, isEnded: true })))
})

it('the library’s own queries are not traced', async () => {
  const pool = await open({ consistency: 'causal' })
  await pool.query("set timezone = 'Europe/Paris'")
  await pool.query('update items set label = label')
  const client = await pool.connect()
  await client.query("set timezone = 'Asia/Tokyo'")
  await client.query('begin read only')
  await client.query('commit')
  client.release()
  for (let i = 0; i < 10; i++) await pool.query(READ, [1])
  const statements = ["set timezone = 'Europe/Paris'", 'update items set label = label']
  const ofClient = ["set timezone = 'Asia/Tokyo'", 'begin read only', 'commit']
  const reads = Array.from({ length: 10 }, () => READ)
  expect(traces.filter(({ isEnded }) => !isEnded)).toEqual([])
  // What is read while the pool gets ready is another test's.
  const begin = traces.findIndex(({ text }) => text.startsWith('set timezone'))
  expect(traces.slice(begin).map(({ text }) => text)).toEqual([...statements, ...ofClient, ...reads])
})

it.each([1, 4])('with max: %d callbacks run in the domain of their caller', async (max) => {
  const pool = await open({ max })
  await warmUp(pool)
  const domains = [create(), create()]
  const seen = await Promise.all(
    domains.map(
      (domain) =>
        new Promise<Domain>((resolve, reject) => {
          domain.run(() =>
            pool.query(READ, [1], (error) =>
              error ? reject(error) : resolve(Reflect.get(process, 'domain')),
            ),
          )
        }),
    ),
  )
  expect(seen).toEqual(domains)
})
