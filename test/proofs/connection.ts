import { Client, type ClientConfig, DatabaseError } from 'pg'

/** What a server answered: `ok`, an SQLSTATE, or `CONN` when the connection was lost. */
export type Answer = string

/** One connection at a time, and a new one after it was lost. */
export class Connection {
  readonly #config: ClientConfig
  #client: Client | undefined

  constructor(config: ClientConfig) {
    this.#config = config
  }

  /** The rows of the text's last statement. */
  async rows(sql: string): Promise<readonly unknown[]> {
    const client = await this.#connected()
    const answer: unknown = await client.query(sql)
    const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
    return (last as { readonly rows: readonly unknown[] }).rows
  }

  /** Also true of a transaction that has failed. */
  async isInTransaction(): Promise<boolean> {
    return (await this.#connected()).getTransactionStatus() !== 'I'
  }

  /** @param values parameters, for a text that has any */
  async answer(sql: string, values?: readonly unknown[]): Promise<Answer> {
    const client = await this.#connected()
    try {
      await client.query(sql, values as unknown[] | undefined)
      return 'ok'
    } catch (error) {
      if (error instanceof DatabaseError && error.code !== undefined && error.severity !== 'FATAL') {
        return error.code
      }
      await this.close()
      return 'CONN'
    }
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    const client = new Client(this.#config)
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined
    })
    await client.connect()
    this.#client = client
    return client
  }
}
