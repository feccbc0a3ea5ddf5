import { LRUCache } from 'lru-cache'
import type { Done } from '../nodes/exchange.ts'
import type { Query } from '../nodes/query.ts'
import { inThisContext } from '../platform/async-context.ts'
import { normalised } from '../statement/normalised.ts'
import { summaryOf } from '../statement/summary.ts'
import { isTraced, queryChannel } from './channels.ts'
import { QueryTrace, type TracePort } from './query-trace.ts'
import type { QueryExecution } from './statement-events.ts'

export interface TracerOptions extends TracePort {
  /** The database's name, as far as the options say. */
  readonly database: string | undefined
}

/** Fields of a message that depend on the text alone. */
type Described = Pick<QueryExecution, 'sql' | 'summary' | 'operation' | 'collection'>

/** Number of texts whose description is kept, and the greatest length of their sum, in UTF-16 units. */
const MOST_TEXTS = 1000
const MOST_UNITS = 1_000_000

const NO_TEXT: Described = {}

/** Number of the last traced statement of this process. */
const last = { id: 0 }

/** Follows statements while they have listeners. */
export class Tracer {
  readonly #options: TracerOptions
  readonly #described = new LRUCache<string, Described>({
    max: MOST_TEXTS,
    maxSize: MOST_UNITS,
    sizeCalculation: (_described, text) => text.length + 1,
  })

  constructor(options: TracerOptions) {
    this.#options = options
  }

  /** Whether anybody listens. If not, statements run without a trace. */
  get isOn(): boolean {
    return this.#options.stream.hearsStatements
  }

  /**
   * Starts a statement with a trace. With subscribers of the channel, everything that `start` does runs in the async
   * context that they have bound to it. `done` is called in that of the caller. Listeners of `pool.events` need
   * neither.
   */
  run(query: Query, done: Done, start: (done: Done) => void): void {
    const { database, stream } = this.#options
    const { tier } = query.request
    const trace = new QueryTrace(
      {
        id: ++last.id,
        pool: stream.pool,
        database,
        ...this.#describe(query.text),
        ...(tier === undefined ? {} : { tier }),
        waits: [],
        retries: [],
      },
      this.#options,
    )
    const { message } = trace
    query.trace = trace
    if (!isTraced(queryChannel)) {
      return start((error, result) => {
        trace.ended(error, result)
        done(error, result)
      })
    }
    const answer = inThisContext((error: Error | undefined, result: unknown) => {
      queryChannel.asyncStart.runStores(message, () => {
        try {
          done(error, result)
        } finally {
          queryChannel.asyncEnd.publish(message)
        }
      })
    })
    queryChannel.start.runStores(message, () => {
      try {
        start((error, result) => {
          trace.ended(error, result)
          if (error) queryChannel.error.publish(message)
          answer(error, result)
        })
      } finally {
        queryChannel.end.publish(message)
      }
    })
  }

  #describe(text: string | undefined): Described {
    if (text === undefined) return NO_TEXT
    const known = this.#described.get(text)
    if (known !== undefined) return known
    const summary = summaryOf(text)
    const { collection, operation } = summary
    const described = {
      sql: normalised(text),
      summary: summary.text,
      ...(operation === undefined ? {} : { operation }),
      ...(collection === undefined ? {} : { collection }),
    }
    this.#described.set(text, described)
    return described
  }
}
