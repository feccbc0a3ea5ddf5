import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { QueryExecution, StatementEvents } from '../observability/statement-events.ts'
import { codeOf } from '../metrics/samples.ts'
import { contextStorage } from './context-storage.ts'

const CHANNEL = 'pg-switchyard:query'
/** Events of a statement that become events of its span. */
const EVENTS = ['wait', 'retry', 'repair', 'spill'] as const

/** Options of spans. */
export interface SpanOptions {
  /** Whether spans have the statement's text without its constants, as `db.query.text`. */
  readonly hasText: boolean
}

/**
 * Makes a CLIENT span for each statement from its call to its answer, retries included. The span is active for
 * everything that the statement does, so that spans of node-postgres' instrumentation are its children.
 *
 * Source of the names: OpenTelemetry Semantic Conventions, Database Client Spans and PostgreSQL.
 */
export class Spans {
  readonly #tracer: Tracer
  readonly #options: SpanOptions
  readonly #open = new Map<number, Span>()
  readonly #ends: (() => void)[] = []

  constructor(tracer: Tracer, options: SpanOptions) {
    this.#tracer = tracer
    this.#options = options
  }

  start(): void {
    const channel = tracingChannel<unknown, QueryExecution>(CHANNEL)
    const storage = contextStorage()
    const begin = (message: QueryExecution): Context => this.#begin(message)
    if (storage === undefined) channel.start.subscribe(begin as (message: unknown) => void)
    else channel.start.bindStore(storage, begin)
    const ended = (message: unknown): void => this.#end(message as QueryExecution)
    channel.asyncEnd.subscribe(ended)
    this.#ends.push(() => {
      if (storage === undefined) channel.start.unsubscribe(begin as (message: unknown) => void)
      else channel.start.unbindStore(storage)
      channel.asyncEnd.unsubscribe(ended)
    })
    for (const name of EVENTS) {
      const happened = (message: unknown): void =>
        this.#note(name, message as StatementEvents[typeof name][0])
      subscribe(`pg-switchyard:${name}`, happened)
      this.#ends.push(() => unsubscribe(`pg-switchyard:${name}`, happened))
    }
  }

  /** Ends all open spans, too. */
  stop(): void {
    for (const end of this.#ends.splice(0)) end()
    for (const span of this.#open.values()) span.end()
    this.#open.clear()
  }

  #begin({ collection, database, id, operation, sql, summary }: QueryExecution): Context {
    const attributes: Attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': database,
      'db.query.summary': summary,
      'db.operation.name': operation,
      'db.collection.name': collection,
      'db.query.text': this.#options.hasText ? sql : undefined,
    }
    const name = summary ?? operation ?? 'postgresql'
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes })
    this.#open.set(id, span)
    return trace.setSpan(context.active(), span)
  }

  #note(name: string, { query, ...fields }: { readonly query: number }): void {
    this.#open.get(query)?.addEvent(`switchyard.${name}`, prefixed(fields))
  }

  #end(execution: QueryExecution): void {
    const { address, error, id, lagMs, node, port, reason, repair, role, rowCount } = execution
    const span = this.#open.get(id)
    if (span === undefined) return
    this.#open.delete(id)
    const { kind, retries, spill, statement, waits } = execution
    span.setAttributes({
      'server.address': address,
      'server.port': port,
      'db.response.returned_rows': rowCount,
      'switchyard.node': node,
      'switchyard.role': role,
      'switchyard.reason': reason,
      'switchyard.statement.kind': kind,
      'switchyard.statement.reason': statement,
      'switchyard.lag_ms': lagMs,
      'switchyard.wait_ms':
        waits.length === 0 ? undefined : waits.reduce((sum, { durationMs }) => sum + durationMs, 0),
      'switchyard.retries': retries.length === 0 ? undefined : retries.length,
      'switchyard.repair': repair?.reason,
      'switchyard.spill': spill,
    })
    if (error !== undefined) this.#fail(span, error)
    span.end()
  }

  /** The message of an error of the server may quote values, so that of the event is used, which does not. */
  #fail(span: Span, error: Error): void {
    const code = codeOf(error)
    span.setAttributes({
      'error.type': code,
      'db.response.status_code': /^[0-9A-Z]{5}$/.test(code) ? code : undefined,
    })
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
  }
}

function prefixed(fields: object): Attributes {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`switchyard.${name}`, value as string]),
  )
}
