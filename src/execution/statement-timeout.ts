import type { PoolClient, QueryArrayResult } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { NOTHING, type End, type SideQuery } from '../nodes/exchange.ts'
import type { ConnectionSettings } from '../settings/connection-settings.ts'
import { Journal } from '../settings/journal.ts'

const NAME = 'statement_timeout'
const QUESTION = { text: `select pg_catalog.current_setting('${NAME}')`, rowMode: 'array' as const }

interface Known {
  /** Value of the connection before the first change. */
  readonly before: string
  /** Absent when sessions have changed settings since. */
  now: string | undefined
}

/**
 * Sets the `statement_timeout` of shared connections to that of the tier that uses them next. Restores the original
 * value for a tier without one. Costs a round trip when it changes, and another one for the first change. Settings of
 * sessions are reset first: they belong neither to the tier nor to the connection.
 */
export class StatementTimeout {
  readonly #known = new WeakMap<PoolClient, Known>()
  readonly #connections: ConnectionSettings

  constructor(connections: ConnectionSettings) {
    this.#connections = connections
  }

  /**
   * Returns the queries that set the timeout of a connection; none if it is already set.
   * @param timeoutMs Absent: the connection's original value.
   */
  steps(client: PoolClient, timeoutMs: number | undefined): readonly SideQuery[] {
    const isOfSession = this.#connections.journalOf(client).get(NAME) !== undefined
    const cleaning = isOfSession ? this.#connections.steps(client, Journal.empty) : NOTHING
    const known = this.#knownOf(client)
    const wanted = timeoutMs === undefined ? known?.before : `${timeoutMs}ms`
    if (wanted === undefined || (wanted === known?.now && !isOfSession)) return cleaning
    const setting = this.#setting(client, wanted)
    return known === undefined ? [...cleaning, this.#asking(client), setting] : [...cleaning, setting]
  }

  #asking(client: PoolClient): SideQuery {
    return {
      ask: QUESTION,
      answered: (error, answer) => {
        if (error) return failed(error)
        const before = String((answer as QueryArrayResult).rows[0]?.[0])
        this.#known.set(client, { before, now: before })
        return undefined
      },
    }
  }

  #setting(client: PoolClient, wanted: string): SideQuery {
    return {
      ask: () => {
        if (this.#knownOf(client)?.now === wanted) return undefined
        return { text: `select pg_catalog.set_config('${NAME}', $1, false)`, values: [wanted] }
      },
      answered: (error) => {
        if (error) return failed(error)
        const known = this.#known.get(client)
        if (known !== undefined) known.now = wanted
        return undefined
      },
    }
  }

  #knownOf(client: PoolClient): Known | undefined {
    const known = this.#known.get(client)
    if (this.#connections.takeTouched(client) && known !== undefined) known.now = undefined
    return known
  }
}

function failed(error: Error): End {
  return { error: withOutcome(error, 'not-sent') }
}
