// Tracing with OpenTelemetry: one span for each statement, below the span of its request, with the server that ran it.
//
// Run: npm ci && npm run peers examples/tracing && npm run example examples/tracing/tracing.mjs
//
// Prints:
//   POST /orders
//     INSERT orders: primary, not-a-read
//     SELECT orders: replica, read
//   a failing request
//     SELECT orders: replica, read, 22012
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Pool } from 'pg-switchyard'
import { instrument } from 'pg-switchyard/opentelemetry'
import { startCluster } from 'pg-switchyard/test-cluster'

// The SDK comes first. Yours exports to a collector; this one keeps the spans in memory, to print them.
const exporter = new InMemorySpanExporter()
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const instrumentation = instrument()

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  catchUpTimeoutMs: 10_000,
  primarySpill: { share: 0 },
})
await pool.query('CREATE TABLE orders (id int PRIMARY KEY)')
await cluster.caughtUp()
await pool.ready()
exporter.reset()

const tracer = trace.getTracer('shop')
/** Runs work in a span of its own, as an instrumented web framework does for a request. */
const request = (name, work) =>
  tracer.startActiveSpan(name, async (span) => {
    await work().catch(() => undefined)
    span.end()
  })

await request('POST /orders', async () => {
  await pool.query('INSERT INTO orders VALUES ($1)', [1])
  await pool.query('SELECT * FROM orders WHERE id = $1', [1])
})
await request('a failing request', () => pool.query('SELECT 1 / (id - 1) FROM orders'))

const spans = exporter.getFinishedSpans()
for (const root of spans.filter((span) => span.parentSpanContext === undefined)) {
  console.log(root.name)
  const isBelow = (span) => span.parentSpanContext?.spanId === root.spanContext().spanId
  for (const { name, attributes } of spans.filter(isBelow)) {
    const shown = ['switchyard.role', 'switchyard.reason', 'db.response.status_code'].map(
      (key) => attributes[key],
    )
    console.log(`  ${name}: ${shown.filter(Boolean).join(', ')}`)
  }
}

instrumentation.stop()
await pool.end()
await cluster.stop()
