// Loads Datadog's tracer, with an exporter in memory.

process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false'
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false'
process.env.DD_TRACE_STARTUP_LOGS = 'false'
const { subscribe } = require('node:diagnostics_channel')
const tracer = require('dd-trace').init({ plugins: false })
tracer.use('pg', {})
tracer._tracer._processor._exporter = { export() {}, setUrl() {}, flush: (done) => done?.() }

const spans = []
const ended = new Set()
subscribe('dd-trace:span:start', ({ span }) => void spans.push(span))
subscribe('dd-trace:span:finish', (span) => void ended.add(span))

// What differs from one run to the next.
const VARYING =
  /^(?:out\.host|network\.destination\.port|db\.pid|db\.pool\.wait_time_ms|runtime-id|process_id|_dd\..*|error\.stack)$/

globalThis.tracing = {
  request: (work) =>
    tracer.trace('request', {}, async (span) => {
      await work()
      return span.context().toSpanId()
    }),
  count: () => spans.length,
  clear: () => void (spans.length = 0),
  active: () => tracer.scope().active()?.context().toSpanId(),
  spans: () =>
    spans.map((span) => {
      const tags = span.context()._tags
      const entries = Object.entries(tags).filter(([key]) => !VARYING.test(key))
      return {
        id: span.context().toSpanId(),
        parent: span.context()._parentId?.toString(10),
        name: tags['resource.name'],
        isQuery: span.context()._name === 'pg.query',
        isConnect: span.context()._name === 'pg.pool.acquire',
        isEnded: ended.has(span),
        isFailed: tags.error !== undefined || tags['error.type'] !== undefined,
        host: tags['out.host'],
        port: tags['network.destination.port'],
        attributes: Object.fromEntries(entries.map(([key, value]) => [key, String(value)])),
      }
    }),
}
