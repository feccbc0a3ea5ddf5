import type { PoolClient, QueryArrayResult } from 'pg'

interface Known {
  /** As the connection had it before the first change. */
  readonly before: string
  now: string
}

type Applied = (error?: Error) => void

/**
 * Gives connections that tiers share the `statement_timeout` of the tier that uses them next, and puts back what was there
 * for a tier without. Costs a round trip when it changes, and another one for the first change.
 */
export class StatementTimeout {
  readonly #known = new WeakMap<PoolClient, Known>()

  /** @param timeoutMs Absent: as the connection had it. */
  apply(client: PoolClient, timeoutMs: number | undefined, applied: Applied): void {
    const known = this.#known.get(client)
    const wanted = timeoutMs === undefined ? known?.before : `${timeoutMs}ms`
    if (wanted === undefined || wanted === known?.now) return applied()
    if (known !== undefined) return this.#set(client, known, wanted, applied)
    const question = { text: "select current_setting('statement_timeout')", rowMode: 'array' as const }
    client.query(question, (error: Error | undefined, answer?: QueryArrayResult) => {
      if (error) return applied(error)
      const before = String(answer?.rows[0]?.[0])
      this.#set(client, { before, now: before }, wanted, applied)
    })
  }

  #set(client: PoolClient, known: Known, wanted: string, applied: Applied): void {
    client.query("select set_config('statement_timeout', $1, false)", [wanted], (error?: Error) => {
      if (error) return applied(error)
      known.now = wanted
      this.#known.set(client, known)
      applied()
    })
  }
}
