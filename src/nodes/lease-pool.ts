import { connectBy, type Connect } from '../platform/connect.ts'
import PgPool from 'pg-pool'
import type { Client, ClientConfig, PoolClient } from 'pg'
import { socketOption } from '../platform/socket.ts'
import type { NodeId } from '../topology/node.ts'
import type { LeaseCallback, NodeConfig, ReadSender, ServerNode } from './server-node.ts'
import { Sharing, type SharingSettings } from './sharing.ts'

/** Events of one node's connections, with the arguments that pg-pool gives them. */
export interface LeasePoolListener {
  /** Returns why the connection must not be used, if so. */
  connected(client: PoolClient, nodeId: NodeId): Error | undefined
  released(error: Error | boolean | null | undefined, client: PoolClient): void
  /** A connection is about to be lent again: `proceed` when what was begun at its release has come to its end. */
  lending?(client: PoolClient, proceed: () => void): void
  removed(client: PoolClient): void
  /** A new connection is about to be used for the first time: `proceed` when that may be, or with why it may not. */
  opened(nodeId: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void
  /** An idle connection was lost. It is gone from the pool already. */
  idleError(nodeId: NodeId, error: Error, client: PoolClient): void
  /** Reads cannot ride on lanes: this version of node-postgres does not pipeline. */
  lanesUnavailable?(): void
}

/** One node's connections, owned by pg-pool. */
export class LeasePool implements ServerNode {
  readonly id: NodeId
  readonly #config: NodeConfig
  readonly #connect: Connect
  readonly #listener: LeasePoolListener
  readonly #isLendable: (client: PoolClient) => boolean
  readonly #opened = new WeakSet<PoolClient>()
  /** Connections that must not be used, and why. */
  readonly #refused = new WeakMap<object, Error>()
  /** Connected, and not known yet to be of use. */
  readonly #opening = new Set<Client>()
  #pool: PgPool<Client>
  /** Pools that `renew` has given up, while some of their connections are in use. */
  readonly #former = new Set<PgPool<Client>>()
  readonly #sharing: Sharing | undefined

  /**
   * @param connect Makes connections, unless the options name a class of their own.
   * @param isLendable False for a connection that is to be closed in place of being lent again.
   * @param sharing Absent where reads are sent as they come, each over a lease.
   */
  constructor(
    config: NodeConfig,
    connect: Connect,
    listener: LeasePoolListener,
    isLendable: (client: PoolClient) => boolean = () => true,
    sharing?: SharingSettings,
  ) {
    this.id = config.id
    this.#config = config
    this.#connect = connect
    this.#listener = listener
    this.#isLendable = isLendable
    this.#pool = this.#open()
    // pg-pool has made a copy, which it reads several times for each statement: so that is no proxy.
    config.followers?.add((name) => Reflect.set(this.#pool.options, name, Reflect.get(config.options, name)))
    if (sharing === undefined) return
    this.#sharing = new Sharing(sharing, {
      current: () => this.#pool,
      lease: (callback) => this.lease(callback),
      lostIdle: (error, client) => listener.idleError(this.id, error, client),
      unavailable: () => listener.lanesUnavailable?.(),
    })
  }

  get reads(): ReadSender | undefined {
    return this.#sharing?.reads
  }

  lease(callback: LeaseCallback): void {
    this.#pool.connect((error, client) => {
      if (client !== undefined && !this.#isLendable(client)) {
        client.release(true)
        return this.lease(callback)
      }
      if (client === undefined) return callback(error)
      if (this.#opened.has(client)) {
        const lend = (): void => callback(undefined, client)
        return this.#listener.lending === undefined ? lend() : this.#listener.lending(client, lend)
      }
      const thrown = this.#refused.get(client)
      if (thrown !== undefined) {
        client.release(true)
        return callback(thrown)
      }
      this.#opened.add(client)
      this.#opening.add(client)
      // It is nobody's yet: without a listener an error would end the process.
      let lost: Error | undefined
      const lose = (cause: Error): void => {
        lost = cause
      }
      client.on('error', lose)
      this.#listener.opened(this.id, client, (refusal) => {
        client.removeListener('error', lose)
        this.#opening.delete(client)
        const cause = refusal ?? lost
        if (cause === undefined) return callback(undefined, client)
        client.release(true)
        callback(cause)
      })
    })
    this.#sharing?.yield()
  }

  renew(): void {
    this.#sharing?.renew()
    if (this.#pool.totalCount === 0 || this.#pool.ending) return
    const former = this.#pool
    this.#pool = this.#open()
    const unused = this.#unusedOf(former)
    this.#former.add(former)
    drain(former, () => this.#former.delete(former))
    // Their ends, asked for politely, would wait for a server that may never answer.
    for (const client of unused) hangUp(client)
  }

  cut(): void {
    for (const pool of this.#former) for (const client of clientsOf(pool)) hangUp(client)
  }

  drain(): void {
    this.#sharing?.close()
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

  async end(): Promise<void> {
    this.#sharing?.close()
    const ended = this.#pool.end()
    // Nobody waits for those that are still being made, and nobody knows whether they ever will be.
    for (const client of this.#unusedOf(this.#pool)) hangUp(client)
    await ended
  }

  /** Idle, or being made. */
  #unusedOf(pool: PgPool<Client>): readonly Client[] {
    const idle = (pool as unknown as Kept)._idle.map(({ client }) => client)
    return clientsOf(pool).filter(
      (client) =>
        idle.includes(client) || this.#opening.has(client) || Reflect.get(client, '_connecting') === true,
    )
  }

  #open(): PgPool<Client> {
    const options = this.#config.options as PgPool.Config<Client>
    const own = options.Client as typeof Client | undefined
    const pool = new PgPool(options)
    // These options are a copy that pg-pool has made.
    if (pool.options.stream === undefined) Object.assign(pool.options, socketOption)
    Object.assign(pool, { Client: clientClassOf(own === undefined ? this.#connect : connectBy(own)) })
    const listener = this.#listener
    pool.on('connect', (client) => {
      const refusal = listener.connected(client, this.id)
      if (refusal !== undefined) this.#refused.set(client, refusal)
    })
    pool.on('release', (error, client) => listener.released(error, client))
    pool.on('remove', (client) => listener.removed(client))
    pool.on('error', (error, client) => {
      // What is left of a pool that was given up already tells nothing new.
      if (pool === this.#pool) listener.idleError(this.id, error, client)
    })
    return pool
  }
}

/**
 * The class that pg-pool makes connections of. They have a listener of `error` from their construction on, for their whole life:
 * whoever uses one has listeners of their own, but a server may close a connection at any moment, and an error that no one hears
 * ends the process.
 */
function clientClassOf(connect: Connect): typeof Client {
  // An ordinary function, since pg-pool constructs.
  return function (options: ClientConfig) {
    const client = connect(options)
    client.on('error', () => {})
    return client
  } as unknown as typeof Client
}

/** The connections of a pg-pool, those included that are being made. */
interface Kept {
  readonly _clients: readonly Client[]
  readonly _idle: readonly { readonly client: Client }[]
}

function clientsOf(pool: PgPool<Client>): readonly Client[] {
  return (pool as unknown as Kept)._clients
}

/** At once, whatever is under way there. Native clients have no stream. */
function hangUp(client: Partial<Client>): void {
  client.connection?.stream.destroy()
}

/** Ends a pool when nobody waits for a connection any more: pg-pool would forget about them. */
function drain(pool: PgPool<Client>, ended = (): void => {}): void {
  const endIfIdle = (): void => {
    if (pool.waitingCount > 0 || pool.ending) return
    pool.end().then(ended, ended)
  }
  // While somebody waits all connections are in use, and each of them is given back.
  pool.on('release', endIfIdle)
  endIfIdle()
}
