import { LRUCache } from 'lru-cache'
import type { Done } from '../nodes/exchange.ts'
import type { Query } from '../nodes/query.ts'
import type { WaitReason } from '../nodes/trace.ts'
import { inThisContext } from '../platform/async-context.ts'
import { normalised } from '../statement/normalised.ts'
import { summaryOf } from '../statement/summary.ts'
import { isTraced, queryChannel } from './channels.ts'
import { QueryTrace, type Filling, type TracePort } from './query-trace.ts'
import type { QueryExecution, Retry, Wait } from './statement-events.ts'

export interface TracerOptions extends Omit<TracePort, 'waiting'> {
  /** The database's name, as far as the options say. */
  readonly database: string | undefined
}

/** Fields of a message that depend on the text alone. */
type Described = Pick<QueryExecution, 'sql' | 'summary' | 'operation' | 'collection'>

/** A statement that waits. */
export interface WaitingStatement {
  /** `id` of the statement in its events. */
  readonly id: number
  /** The text without constants and comments. */
  readonly sql: string | undefined
  readonly tier: string | undefined
  readonly reason: WaitReason
  /** How long it has waited so far, in milliseconds. */
  readonly forMs: number
}

/** Number of texts whose description is kept, and the greatest length of their sum, in UTF-16 units. */
const MOST_TEXTS = 1000
const MOST_UNITS = 1_000_000

const NO_TEXT: Described = {}
const NO_WAITS: readonly Wait[] = []
const NO_RETRIES: readonly Retry[] = []

/** Number of the last traced statement of this process. */
const last = { id: 0 }

/** Follows statements while they have listeners. */
export class Tracer {
  readonly #options: TracerOptions & TracePort
  #made: LRUCache<string, Described> | undefined

  constructor(options: TracerOptions) {
    this.#options = { ...options, waiting: new Set() }
  }

  /** Made for the first traced statement: it takes memory and time in advance. */
  get #described(): LRUCache<string, Described> {
    return (this.#made ??= new LRUCache({
      max: MOST_TEXTS,
      maxSize: MOST_UNITS,
      sizeCalculation: (_described, text) => text.length + 1,
    }))
  }

  /** Whether anybody listens. If not, statements run without a trace. */
  get isOn(): boolean {
    return this.#options.stream.hearsStatements
  }

  /**
   * Returns the statements that wait at this moment, the longest wait first. Those that began while there was no
   * listener are not among them.
   */
  waiting(): readonly WaitingStatement[] {
    const { platform, waiting } = this.#options
    const nowMs = platform.now()
    return [...waiting]
      .flatMap(({ message: { id, sql, tier }, waiting: wait }): WaitingStatement[] =>
        wait === undefined ? [] : [{ id, sql, tier, reason: wait.reason, forMs: nowMs - wait.sinceMs }],
      )
      .toSorted((a, b) => b.forMs - a.forMs)
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
      messageOf(stream.pool, database, tier, this.#describe(query.text)),
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
    const { collection, operation, text: names } = summaryOf(text)
    const described = { sql: normalised(text), summary: names, operation, collection }
    this.#described.set(text, described)
    return described
  }
}

/** Creates a message with all its fields, which is quicker than to add them one by one. */
function messageOf(
  pool: string,
  database: string | undefined,
  tier: string | undefined,
  { collection, operation, sql, summary }: Described,
): Filling {
  return {
    id: ++last.id,
    pool,
    database,
    sql,
    summary,
    operation,
    collection,
    tier,
    kind: undefined,
    statement: undefined,
    reason: undefined,
    candidate: undefined,
    node: undefined,
    role: undefined,
    address: undefined,
    port: undefined,
    lagMs: undefined,
    waits: NO_WAITS,
    retries: NO_RETRIES,
    repair: undefined,
    spill: undefined,
    durationMs: undefined,
    rowCount: undefined,
    error: undefined,
  }
}
