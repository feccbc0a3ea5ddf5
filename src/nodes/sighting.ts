import { inThisContext } from '../platform/async-context.ts'
import { queryAgain, type OwnAnswered as Answered } from '../platform/unseen.ts'
import type { Done } from './exchange.ts'

/** The part of node-postgres' query objects that is used. */
interface PgQuery {
  readonly text?: unknown
  readonly callback?: Answered | null
  readonly query_timeout?: unknown
}

/** The part of node-postgres' client that is used. Other clients have `query` alone. */
interface AnyClient {
  readonly connectionParameters?: { readonly query_timeout?: unknown }
  readonly pipeline?: boolean
  readonly _activeQuery?: PgQuery | null
  readonly _ending?: boolean
  readonly _queryable?: boolean
  readonly _queryQueue?: readonly PgQuery[]
  _pulseQueryQueue?: (() => void) | undefined
  query?(query: object, answered: Answered): void
}

/**
 * One statement in the view of tools that wrap `client.query`, such as tracing tools. A statement may be sent several
 * times, because an answer does not count. It is one query to them: they see the first sending, and the final answer.
 */
export class Sighting {
  #isShown = false
  #answered: Answered | undefined
  /** The callback of the query as tools have wrapped it. Absent without tools. */
  #held: Answered | undefined
  #done: Answered | undefined
  /** The last query of the client before this one was sent. */
  #before: PgQuery | undefined
  #pulse: (() => void) | undefined

  /** Whether tools have seen it, so that further sendings are none of their business. */
  get isShown(): boolean {
    return this.#isShown
  }

  /**
   * Sends a query object of node-postgres, the first time through `client.query`.
   * @param answered Called with the answer, which may not be the final one.
   */
  send(client: object, query: object, answered: Answered): void {
    if (this.#isShown) return queryAgain(client, query, answered)
    const passedOn = this.shows(client, answered)
    try {
      ;(client as Required<AnyClient>).query(query, passedOn)
    } finally {
      this.sent(client, query)
    }
  }

  /**
   * Begins the first sending. Returns the callback for `client.query`; `sent` has to follow. In pipeline mode the query
   * leaves the client's queue only then: tools look for it there, and would take another one for it.
   */
  shows(client: AnyClient, answered: Answered): Answered {
    this.#isShown = true
    this.#answered = answered
    this.#before = lastOf(client)
    if (client.pipeline === true && client._pulseQueryQueue !== undefined) {
      this.#pulse = client._pulseQueryQueue
      client._pulseQueryQueue = nothing
    }
    return this.#passedOn
  }

  sent(client: AnyClient, given: PgQuery): void {
    const query = given.callback ? given : (copyOf(given, client, this.#before) ?? given)
    this.#before = undefined
    const { callback, query_timeout: timeout } = query
    // A timeout of node-postgres calls its own callback.
    const isTimed = timeout || client.connectionParameters?.query_timeout
    if (callback && callback !== this.#passedOn && !isTimed && this.#answered !== undefined) {
      this.#held = callback
      // The callback of the tools would run in this context, too.
      Object.assign(query, { callback: inThisContext(this.#answered) })
    }
    if (this.#pulse === undefined) return
    client._pulseQueryQueue = this.#pulse
    this.#pulse = undefined
    client._pulseQueryQueue()
  }

  /** Passes the final answer to `done`, through the tools that have seen the statement. */
  end(done: Done, error: Error | undefined, result: unknown): void {
    const held = this.#held
    if (held === undefined) return done(error, result)
    this.#held = undefined
    this.#done = done as Answered
    held(error ?? null, result)
  }

  /** Receives what tools pass on. */
  readonly #passedOn: Answered = (error, result) => {
    const done = this.#done
    if (done === undefined) return this.#answered?.(error, result)
    this.#done = undefined
    done(error, result)
  }
}

/**
 * Returns the copy of a query that tools have sent in its place, with a comment in its text. Tools may also send
 * nothing: the last query is then that of another caller, perhaps with the same text.
 */
function copyOf({ text }: PgQuery, client: AnyClient, before: PgQuery | undefined): PgQuery | undefined {
  // A client that is not usable has refused it.
  if (client._queryable !== true || client._ending === true || typeof text !== 'string') return undefined
  const last = lastOf(client)
  if (last === before) return undefined
  return typeof last?.text === 'string' && last.text.startsWith(text) ? last : undefined
}

function lastOf({ _activeQuery, _queryQueue }: AnyClient): PgQuery | undefined {
  return _queryQueue?.at(-1) ?? _activeQuery ?? undefined
}

function nothing(): void {}
