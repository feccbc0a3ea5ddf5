import type { PoolClient, QueryArrayResult } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { NOTHING, type End, type Question } from '../nodes/exchange.ts'
import type { ConnectionSettings } from '../settings/connection-settings.ts'
import { Journal } from '../settings/journal.ts'

const NAME = 'statement_timeout'
const QUESTION = { text: `select current_setting('${NAME}')`, rowMode: 'array' as const }

interface Known {
  /** As the connection had it before the first change. */
  readonly before: string
  /** Absent where sessions have made settings since, or undone them. */
  now: string | undefined
}

/**
 * Gives connections that tiers share the `statement_timeout` of the tier that uses them next, and puts back what was there
 * for a tier without. Costs a round trip when it changes, and another one for the first change. What sessions have set
 * themselves is taken away first: it is neither the tier's nor the connection's.
 */
export class StatementTimeout {
  readonly #known = new WeakMap<PoolClient, Known>()
  readonly #connections: ConnectionSettings

  constructor(connections: ConnectionSettings) {
    this.#connections = connections
  }

  /**
   * Gives the questions after which a connection has the timeout: none where it has it.
   * @param timeoutMs Absent: as the connection had it.
   */
  steps(client: PoolClient, timeoutMs: number | undefined): readonly Question[] {
    const isOfSession = this.#connections.journalOf(client).get(NAME) !== undefined
    const cleaning = isOfSession ? this.#connections.steps(client, Journal.empty) : NOTHING
    const known = this.#knownOf(client)
    const wanted = timeoutMs === undefined ? known?.before : `${timeoutMs}ms`
    if (wanted === undefined || (wanted === known?.now && !isOfSession)) return cleaning
    const setting = this.#setting(client, wanted)
    return known === undefined ? [...cleaning, this.#asking(client), setting] : [...cleaning, setting]
  }

  #asking(client: PoolClient): Question {
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

  #setting(client: PoolClient, wanted: string): Question {
    return {
      ask: () => {
        if (this.#knownOf(client)?.now === wanted) return undefined
        return { text: `select set_config('${NAME}', $1, false)`, values: [wanted] }
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
