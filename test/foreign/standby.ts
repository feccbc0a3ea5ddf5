import type { Answer, Connection } from '../proofs/connection.ts'
import type { ProvingGround } from '../proofs/proving-ground.ts'

/** A connection to the standby that has, for each statement, no state but a search path. */
export class Standby {
  readonly #connection: Connection
  #searchPath = 'public'
  /** Whether the connection has the search path, and no other state. */
  #isReady = false

  constructor(ground: ProvingGround) {
    this.#connection = ground.standbyClient({ statement_timeout: 5_000, lock_timeout: 100 })
  }

  setSearchPath(path: string): void {
    if (path !== this.#searchPath) this.#isReady = false
    this.#searchPath = path
  }

  /** @param isStateless whether the statement is known to leave no state; what says so is checked elsewhere */
  async answer(sql: string, values: readonly unknown[] | undefined, isStateless: boolean): Promise<Answer> {
    if (!this.#isReady) await this.#prepare()
    const answer = await this.#connection.answer(sql, values)
    const hasFailed = answer !== 'ok' && answer !== 'CONN' && !(await this.#connection.isInTransaction())
    this.#isReady = isStateless ? answer !== 'CONN' : hasFailed
    return answer
  }

  async #prepare(): Promise<void> {
    if (await this.#connection.isInTransaction()) await this.#connection.answer('ROLLBACK')
    if ((await this.#connection.answer('DISCARD ALL')) !== 'ok') await this.#connection.close()
    await this.#connection.answer(`SELECT pg_catalog.set_config('search_path', $1, false)`, [
      this.#searchPath,
    ])
    this.#isReady = true
  }

  /** Takes over the search path of a connection to the primary. */
  async follow(client: Connection): Promise<void> {
    try {
      const [row] = await client.rows(`SELECT pg_catalog.current_setting('search_path') AS path`)
      this.setSearchPath((row as { readonly path: string }).path)
    } catch {
      // In a transaction that has failed nothing can be asked.
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
