import type { PoolClient, TransactionStatus } from 'pg'
import { ExclusiveConnection } from '../execution/exclusive.ts'
import type { PrimaryLease } from '../execution/writer.ts'
import { PendingBegin } from '../nodes/pending-begin.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** A connection to the primary that a client holds, and its open transaction. */
export class HeldPrimary {
  readonly node: NodeView
  readonly connection: ExclusiveConnection
  /** See `PrimaryLease`. */
  readonly watch: PrimaryLease['watch']
  #isInTransaction: boolean
  /** The transaction was begun with `pool.query('BEGIN')` and has to be ended by its caller. */
  #isOthers: boolean
  #begin: PendingBegin | undefined

  constructor({ client, node, watch }: PrimaryLease) {
    const status = client.getTransactionStatus()
    this.node = node
    this.watch = watch
    this.connection = new ExclusiveConnection(client)
    this.#isInTransaction = status === 'T' || status === 'E'
    this.#isOthers = this.#isInTransaction
  }

  get client(): PoolClient {
    return this.connection.client
  }

  /** The BEGIN that is answered, as long as the server's own status does not tell of its transaction. */
  get begin(): PendingBegin | undefined {
    const begin = this.#begin
    return begin === undefined || begin.state === 'asked' || begin.state === 'over' ? undefined : begin
  }

  get isInTransaction(): boolean {
    return this.#isInTransaction || this.begin !== undefined
  }

  /** True while the server is in a transaction that the client has begun itself. */
  get isInOwnTransaction(): boolean {
    return this.#isInTransaction && !this.#isOthers
  }

  /** The transaction status as the client sees it. */
  get status(): TransactionStatus {
    const { begin } = this
    if (begin === undefined) return this.client.getTransactionStatus()
    return begin.state === 'failed' ? 'E' : 'T'
  }

  /** Returns the BEGIN that is about to be answered without being sent. */
  begins(text: string): PendingBegin {
    return (this.#begin = new PendingBegin(text))
  }

  /**
   * Records the transaction status once the server is ready for the next statement. Returns it as the client sees it.
   */
  settle(): TransactionStatus {
    if (this.#begin?.state === 'begun') this.#begin.over()
    this.#isInTransaction = this.client.getTransactionStatus() !== 'I'
    this.#isOthers &&= this.#isInTransaction
    return this.status
  }
}
