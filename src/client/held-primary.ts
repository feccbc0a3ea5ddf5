import type { PoolClient, TransactionStatus } from 'pg'
import { ExclusiveConnection } from '../execution/exclusive.ts'
import type { PrimaryLease } from '../execution/writer.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** A connection to the primary that a client holds, and its open transaction. */
export class HeldPrimary {
  readonly node: NodeView
  readonly connection: ExclusiveConnection
  #isInTransaction: boolean
  /** The transaction was begun with `pool.query('BEGIN')` and has to be ended by its caller. */
  #isOthers: boolean

  constructor({ client, node }: PrimaryLease) {
    const status = client.getTransactionStatus()
    this.node = node
    this.connection = new ExclusiveConnection(client)
    this.#isInTransaction = status === 'T' || status === 'E'
    this.#isOthers = this.#isInTransaction
  }

  get client(): PoolClient {
    return this.connection.client
  }

  get isInTransaction(): boolean {
    return this.#isInTransaction
  }

  /** True while the client is in a transaction that it has begun itself. */
  get isInOwnTransaction(): boolean {
    return this.#isInTransaction && !this.#isOthers
  }

  /** Records the transaction status once the server is ready for the next statement. */
  becomes(status: TransactionStatus): void {
    this.#isInTransaction = status !== 'I'
    this.#isOthers &&= this.#isInTransaction
  }
}
