import PgPool from 'pg-pool'
import type { Client, PoolClient } from 'pg'
import type { NodeId } from '../topology/node.ts'
import type { LeaseCallback, NodeConfig, ServerNode } from './server-node.ts'

/** Events of one node's connections, with the arguments that pg-pool gives them. */
export interface LeasePoolListener {
  connected(client: PoolClient): void
  acquired(client: PoolClient): void
  released(error: Error | boolean | null | undefined, client: PoolClient): void
  removed(client: PoolClient): void
  /** A new connection is about to be used for the first time: `proceed` when that may be. */
  opened(nodeId: NodeId, client: PoolClient, proceed: () => void): void
  /** An idle connection was lost. It is gone from the pool already. */
  idleError(nodeId: NodeId, error: Error, client: PoolClient): void
}

/** One node's connections, owned by pg-pool. */
export class LeasePool implements ServerNode {
  readonly id: NodeId
  readonly #config: NodeConfig
  readonly #ClientClass: typeof Client
  readonly #listener: LeasePoolListener
  readonly #opened = new WeakSet<PoolClient>()
  #pool: PgPool<Client>

  /** @param ClientClass node-postgres' own `Client`, from the copy of `pg` that the application uses. */
  constructor(config: NodeConfig, ClientClass: typeof Client, listener: LeasePoolListener) {
    this.id = config.id
    this.#config = config
    this.#ClientClass = ClientClass
    this.#listener = listener
    this.#pool = this.#open()
  }

  lease(callback: LeaseCallback): void {
    this.#pool.connect((error, client) => {
      if (client === undefined || this.#opened.has(client)) return callback(error, client)
      this.#opened.add(client)
      this.#listener.opened(this.id, client, () => callback(undefined, client))
    })
  }

  renew(): void {
    if (this.#pool.totalCount === 0 || this.#pool.ending) return
    const old = this.#pool
    this.#pool = this.#open()
    drain(old)
  }

  drain(): void {
    drain(this.#pool)
  }

  get totalCount(): number {
    return this.#pool.totalCount
  }

  get idleCount(): number {
    return this.#pool.idleCount
  }

  get waitingCount(): number {
    return this.#pool.waitingCount
  }

  get expiredCount(): number {
    return this.#pool.expiredCount
  }

  end(): Promise<void> {
    return this.#pool.end()
  }

  #open(): PgPool<Client> {
    const pool = new PgPool(this.#config.options as PgPool.Config<Client>, this.#ClientClass)
    const listener = this.#listener
    pool.on('connect', (client) => listener.connected(client))
    pool.on('acquire', (client) => listener.acquired(client))
    pool.on('release', (error, client) => listener.released(error, client))
    pool.on('remove', (client) => listener.removed(client))
    pool.on('error', (error, client) => {
      // What is left of a pool that was given up already tells nothing new.
      if (pool === this.#pool) listener.idleError(this.id, error, client)
    })
    return pool
  }
}

/** Ends a pool when nobody waits for a connection any more: pg-pool would forget about them. */
function drain(pool: PgPool<Client>): void {
  const endIfIdle = (): void => {
    if (pool.waitingCount > 0 || pool.ending) return
    pool.end().catch(() => {})
  }
  // While somebody waits all connections are in use, and each of them is given back.
  pool.on('release', endIfIdle)
  endIfIdle()
}
