import type { PoolClient, QueryArrayResult } from 'pg'
import { queryUnseen } from '../platform/unseen.ts'
import type { ConnectionSettings } from '../settings/connection-settings.ts'
import { Journal } from '../settings/journal.ts'

const NAME = 'statement_timeout'

interface Known {
  /** As the connection had it before the first change. */
  readonly before: string
  /** Absent where sessions have made settings since, or undone them. */
  now: string | undefined
}

type Applied = (error?: Error) => void

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

  /** @param timeoutMs Absent: as the connection had it. */
  apply(client: PoolClient, timeoutMs: number | undefined, applied: Applied): void {
    if (this.#connections.journalOf(client).get(NAME) === undefined) {
      return this.#apply(client, timeoutMs, applied)
    }
    this.#connections.bring(client, Journal.empty, (error) => {
      if (error) applied(error)
      else this.#apply(client, timeoutMs, applied)
    })
  }

  #apply(client: PoolClient, timeoutMs: number | undefined, applied: Applied): void {
    const known = this.#known.get(client)
    if (this.#connections.takeTouched(client) && known !== undefined) known.now = undefined
    const wanted = timeoutMs === undefined ? known?.before : `${timeoutMs}ms`
    if (wanted === undefined || wanted === known?.now) return applied()
    if (known !== undefined) return this.#set(client, known, wanted, applied)
    const question = { text: "select current_setting('statement_timeout')", rowMode: 'array' as const }
    queryUnseen(client, question, (error, answer) => {
      if (error) return applied(error)
      const before = String((answer as QueryArrayResult).rows[0]?.[0])
      this.#set(client, { before, now: before }, wanted, applied)
    })
  }

  #set(client: PoolClient, known: Known, wanted: string, applied: Applied): void {
    const change = { text: "select set_config('statement_timeout', $1, false)", values: [wanted] }
    queryUnseen(client, change, (error) => {
      if (error) return applied(error)
      known.now = wanted
      this.#known.set(client, known)
      applied()
    })
  }
}
