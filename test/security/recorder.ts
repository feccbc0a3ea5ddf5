import type { TracerProvider } from '@opentelemetry/api'

/** A provider of tracers that keeps everything that it is told: names, attributes, events, errors. */
export function recordingTracers(told: unknown[]): TracerProvider {
  const span: object = new Proxy(
    {},
    {
      get: (_target, method) =>
        method === 'spanContext'
          ? () => ({ traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', traceFlags: 1 })
          : (...args: unknown[]) => {
              told.push([method, ...args])
              return span
            },
    },
  )
  const startSpan = (...args: unknown[]): object => {
    told.push(['startSpan', ...args.slice(0, 2)])
    return span
  }
  return { getTracer: () => ({ startSpan, startActiveSpan: startSpan }) } as unknown as TracerProvider
}
