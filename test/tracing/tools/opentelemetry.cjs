// Loads OpenTelemetry's instrumentation of pg, with an exporter in memory.

const { context, SpanStatusCode, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg')
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base')

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
const addSqlCommenterCommentToQueries = process.env.COMMENTS === 'on'
new PgInstrumentation({ addSqlCommenterCommentToQueries }).setTracerProvider(provider)
const tracer = trace.getTracer('app')

globalThis.tracing = {
  request: (work) =>
    tracer.startActiveSpan('request', async (span) => {
      await work()
      span.end()
      return span.spanContext().spanId
    }),
  count: () => spans.length,
  clear: () => void (spans.length = 0),
  active: () => trace.getActiveSpan()?.spanContext().spanId,
  spans: () =>
    spans.map((span) => {
      const { 'server.address': host, 'server.port': port, ...attributes } = span.attributes
      return {
        id: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId,
        name: span.name,
        isQuery: span.name.startsWith('pg.query'),
        isConnect: span.name.endsWith('connect'),
        isEnded: span.ended,
        isFailed: span.status.code === SpanStatusCode.ERROR,
        host,
        port,
        attributes,
      }
    }),
}
