// Loads Sentry's SDK for Node.js (the package that SENTRY names), with a transport in memory.

const Sentry = require(process.env.SENTRY || '@sentry/node')

const spans = []
const ended = new Set()
const client = Sentry.init({
  dsn: 'http://key@127.0.0.1/1',
  tracesSampleRate: 1,
  transport: () => ({ send: async () => ({}), flush: async () => true }),
})
client.on('spanStart', (span) => void spans.push(span))
client.on('spanEnd', (span) => void ended.add(span))

// What differs from one connection to the next, or names the node once more.
const VARYING =
  /^(?:server|net\.peer|sentry\.(?:sample|source)|db\.(?:connection_string|pid))|connection_string$/

globalThis.tracing = {
  request: (work) =>
    Sentry.startSpan({ name: 'request', forceTransaction: true }, async (span) => {
      await work()
      return span.spanContext().spanId
    }),
  count: () => spans.length,
  clear: () => void (spans.length = 0),
  active: () => Sentry.getActiveSpan()?.spanContext().spanId,
  spans: () =>
    spans.map((span) => {
      const json = Sentry.spanToJSON(span)
      const {
        attributes,
        data = attributes,
        description,
        name = description,
        parent_span_id: parent,
        span_id: id,
        status,
      } = json
      const op = data['sentry.op']
      const entries = Object.entries(data).filter(([key]) => !VARYING.test(key))
      return {
        id,
        parent,
        name,
        isQuery: op === 'db' && !name.endsWith('connect'),
        isConnect: name.endsWith('connect'),
        isEnded: ended.has(span),
        isFailed: status !== undefined && status !== 'ok',
        host: data['server.address'] ?? data['net.peer.name'],
        port: data['server.port'] ?? data['net.peer.port'],
        attributes: Object.fromEntries(entries),
      }
    }),
}
