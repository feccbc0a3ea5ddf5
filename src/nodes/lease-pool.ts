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
  /** An idle connection was lost. It is gone from the pool already. */
  idleError(nodeId: NodeId, error: Error, client: PoolClient): void
}

/** One node's connections, owned by pg-pool. */
export class LeasePool implements ServerNode {
  readonly id: NodeId
  readonly #pool: PgPool<Client>

  /** @param ClientClass node-postgres' own `Client`, from the copy of `pg` that the application uses. */
  constructor(config: NodeConfig, ClientClass: typeof Client, listener: LeasePoolListener) {
    this.id = config.id
    this.#pool = new PgPool(config.options as PgPool.Config<Client>, ClientClass)
    this.#pool.on('connect', (client) => listener.connected(client))
    this.#pool.on('acquire', (client) => listener.acquired(client))
    this.#pool.on('release', (error, client) => listener.released(error, client))
    this.#pool.on('remove', (client) => listener.removed(client))
    this.#pool.on('error', (error, client) => listener.idleError(this.id, error, client))
  }

  lease(callback: LeaseCallback): void {
    this.#pool.connect(callback)
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
}
