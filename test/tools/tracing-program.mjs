// Runs one statement of each kind under OpenTelemetry's instrumentation, and prints which spans there were.

import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'

const { nodes, comments = false } = JSON.parse(process.env.TRACED)
const [primary, ...replicas] = nodes

const spans = []
const provider = new BasicTracerProvider({
  spanProcessors: [
    {
      onStart: (span) => void spans.push(span),
      onEnd() {},
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(provider)
const instrumentation = new PgInstrumentation({ addSqlCommenterCommentToQueries: comments })
instrumentation.setTracerProvider(provider)
const tracer = trace.getTracer('app')
const store = new AsyncLocalStorage()

const require = createRequire(import.meta.url)
const { Pool } = await import('pg-switchyard')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const pool = new Pool({ ...primary, replicas, max: 4, consistency: 'eventual' })
const causal = new Pool({ ...primary, replicas, max: 4 })
const single = new Pool({ ...primary, max: 4 })

let requests = 0
/** Runs work as one request: gives the spans of its statements, and how its callbacks saw it. */
async function request(name, work) {
  requests += 1
  const id = requests
  return store.run(id, () =>
    tracer.startActiveSpan(`request ${id}`, async (span) => {
      const seen = []
      const sees = () => seen.push(store.getStore() === id && trace.getActiveSpan() === span)
      await work(sees)
      sees()
      span.end()
      return { name, id: span.spanContext().spanId, isSeen: seen.every(Boolean) }
    }),
  )
}

const called = (run, sees) =>
  new Promise((resolve) =>
    run((error, result) => {
      sees()
      resolve(error ?? result)
    }),
  )
const checkedOut = async (from, work) => {
  const client = await from.connect()
  try {
    await work(client)
  } finally {
    client.release()
  }
}
const READ = 'select count(*)::int as n from items where id > $1'
const REPEATED = 'select label from items where id = $1'

/** By name: what runs, the last words of its spans' names, and whether the instrumentation leaves them open, as with pg. */
const kinds = {
  'pool.query, a promise': [(sees) => pool.query(READ, [0]).then(sees), ['SELECT']],
  'pool.query, a callback': [(sees) => called((done) => pool.query(READ, [0], done), sees), ['SELECT']],
  'a text without values': [() => pool.query('select 1 as a from items limit 1'), ['SELECT']],
  'rows as arrays': [() => pool.query({ text: READ, values: [0], rowMode: 'array' }), ['SELECT']],
  'the caller’s own name': [() => pool.query({ name: 'mine', text: READ, values: [0] }), ['mine']],
  'many at once': [
    (sees) => Promise.all(Array.from({ length: 20 }, () => pool.query(REPEATED, [1]).then(sees))),
    Array.from({ length: 20 }, () => 'SELECT'),
  ],
  'a write': [() => pool.query('update items set label = label where id = $1', [1]), ['UPDATE']],
  'an error': [() => pool.query('select 1 / 0 as a from items').catch(() => {}), ['SELECT']],
  'a client': [
    (sees) =>
      checkedOut(pool, async (client) => {
        await Promise.all([
          client.query(READ, [0]).then(sees),
          called((done) => client.query(REPEATED, [1], done), sees),
        ])
      }),
    ['SELECT', 'SELECT'],
  ],
  'a client with settings': [
    () =>
      checkedOut(pool, async (client) => {
        await client.query("set timezone = 'Europe/Paris'")
        await client.query(READ, [0])
      }),
    ['SET', 'SELECT'],
  ],
  'a transaction': [
    () =>
      checkedOut(pool, async (client) => {
        await client.query('begin')
        await client.query('update items set label = label')
        await client.query(READ, [0])
        await client.query('commit')
      }),
    ['BEGIN', 'UPDATE', 'SELECT', 'COMMIT'],
  ],
  'a read-only transaction': [
    () =>
      checkedOut(pool, async (client) => {
        await client.query('begin read only')
        await client.query(READ, [0])
        await client.query('commit')
      }),
    ['BEGIN', 'SELECT', 'COMMIT'],
  ],
  'reads behind a write': [
    async () => {
      await causal.query('update items set label = label where id = $1', [1])
      for (let i = 0; i < 3; i++) await causal.query(READ, [0])
    },
    ['UPDATE', 'SELECT', 'SELECT', 'SELECT'],
  ],
  'a cursor': [
    () =>
      checkedOut(pool, async (client) => {
        const cursor = client.query(new Cursor(READ, [0]))
        await cursor.read(10)
        await cursor.close()
      }),
    ['SELECT'],
    true,
  ],
  'a stream': [
    () =>
      checkedOut(pool, async (client) => {
        const stream = client.query(new QueryStream(READ, [0]))
        stream.resume()
        await once(stream, 'end')
      }),
    ['SELECT'],
    true,
  ],
  'a single node': [(sees) => single.query(READ, [0]).then(sees), ['SELECT']],
  'a single node, a client': [() => checkedOut(single, (client) => client.query(READ, [0])), ['SELECT']],
}

// Until reads are answered by replicas, and those that repeat ride on lanes with a name.
const offloaded = () =>
  pool
    .stats()
    .nodes.slice(1)
    .every(({ reads }) => reads > 200)
while (!offloaded()) await Promise.all(Array.from({ length: 50 }, () => pool.query(REPEATED, [1])))
while (causal.stats().offload < 0.5) await causal.query(READ, [0])

spans.length = 0
const runs = []
for (const [name, [work, expected, isOpen = false]] of Object.entries(kinds)) {
  // With comments the instrumentation puts a plain object in place of every query object, and pg never answers either.
  if (isOpen && comments) continue
  runs.push({ ...(await request(name, work)), expected, isOpen })
}
// Two at a time, whose statements and connections mix.
const mixed = Array.from({ length: 10 }, (_, i) =>
  request(`mixed ${i}`, (sees) => pool.query(REPEATED, [i]).then(sees)),
)
for (const run of await Promise.all(mixed)) runs.push({ ...run, expected: ['SELECT'], isOpen: false })

const shown = (span) => ({
  name: span.name,
  text: span.attributes['db.query.text'],
  host: span.attributes['server.address'],
  port: span.attributes['server.port'],
  parent: span.parentSpanContext?.spanId,
  isEnded: span.ended,
  isFailed: span.status.code === SpanStatusCode.ERROR,
})
await Promise.all([pool.end(), causal.end(), single.end()])
console.log(JSON.stringify({ runs, spans: spans.map(shown) }))
