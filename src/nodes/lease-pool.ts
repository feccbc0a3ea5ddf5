import { connectBy, type Connect } from '../platform/connect.ts'
import PgPool from 'pg-pool'
import type { Client, ClientConfig, PoolClient } from 'pg'
import { withFreshTls } from '../platform/fresh-tls.ts'
import { socketOption } from '../platform/socket.ts'
import { systemPlatform } from '../platform/system.ts'
import type { NodeId } from '../topology/node.ts'
import { CustomSettings, NO_NAMES, type Suitability } from './custom-settings.ts'
import { openOutside } from './open-outside.ts'
import type { LeaseCallback, NodeConfig, ReadSender, ServerNode } from './server-node.ts'
import { Sharing, type SharingOptions } from './sharing.ts'
import { SleepCheck } from './sleep-check.ts'
import { connectSuiting } from './suiting-connection.ts'

/** Follows the connections of nodes. */
export interface ConnectionTraces {
  /** Whether anybody listens to leases. */
  readonly followsLeases: boolean
  /** Requests a connection. Calls `start` with the callback in place of `callback`. */
  lease(nodeId: NodeId, callback: LeaseCallback, start: (callback: LeaseCallback) => void): void
  /** Called with a connection that is returned. */
  returned(client: PoolClient): void
  /** Called with a new client before it connects. */
  connecting(nodeId: NodeId, client: Client): void
}

/** Events of one node's connections, with the arguments of pg-pool. */
export interface LeasePoolListener {
  /** Called for a new connection. Returns an error if it must not be used. */
  connected(client: PoolClient, nodeId: NodeId): Error | undefined
  released(error: Error | boolean | null | undefined, client: PoolClient): void
  /** Called before a connection is leased again. Call `proceed` when the tasks of its release have ended. */
  lending?(client: PoolClient, proceed: () => void): void
  removed(client: PoolClient): void
  /** Called before the first use of a new connection. Call `proceed`, with an error if it must not be used. */
  opened(nodeId: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void
  /** Called when an idle connection was lost. The pool has already removed it. */
  idleError(nodeId: NodeId, error: Error, client: PoolClient): void
  /** Whether the application has hooks that may send statements over connections. @defaultValue it has none */
  hasHooks?(): boolean
  /** Follows connections while there are listeners. */
  readonly traces?: ConnectionTraces
  /** Called if this version of node-postgres cannot pipeline. */
  lanesUnavailable?(): void
  /** Runs a function that opens a connection outside of any session. @defaultValue in the session of the caller */
  readonly outside?: <T>(fn: () => T) => T
}

/** One node's connections, owned by pg-pool. */
export class LeasePool implements ServerNode {
  readonly id: NodeId
  readonly #config: NodeConfig
  readonly #connect: Connect
  readonly #listener: LeasePoolListener
  readonly #custom: CustomSettings
  readonly #isLendable: (client: PoolClient) => boolean
  /** Knows the connections that have been opened, too. */
  readonly #sleepCheck: SleepCheck
  /** Connections that must not be used, with their errors. */
  readonly #refused = new WeakMap<object, Error>()
  /** New connections that are not ready for use yet. */
  readonly #opening = new Set<Client>()
  #pool: PgPool<Client>
  /** Pools that `renew` has replaced and that still have connections in use. */
  readonly #former = new Set<PgPool<Client>>()
  readonly #sharing: Sharing | undefined

  /**
   * @param connect Creates connections, unless the options name a client class.
   * @param isLendable Returns false for a connection that has to be closed instead of reused.
   * @param sharing Absent when each read runs over its own lease.
   * @param custom The custom settings that connections have had.
   * @param sleepCheck Checks connections after the process has slept.
   */
  constructor(
    config: NodeConfig,
    connect: Connect,
    listener: LeasePoolListener,
    isLendable: (client: PoolClient) => boolean = () => true,
    sharing?: SharingOptions,
    custom: CustomSettings = new CustomSettings(),
    sleepCheck: SleepCheck = new SleepCheck(systemPlatform, { sleeps: 0 }),
  ) {
    this.#custom = custom
    this.#sleepCheck = sleepCheck
    this.id = config.id
    this.#config = config
    this.#connect = connect
    this.#listener = listener
    this.#isLendable = isLendable
    this.#pool = this.#open()
    // pg-pool reads its copy of the options several times for each statement, so the copy must not be a proxy.
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

  lease(callback: LeaseCallback, custom: ReadonlySet<string> = NO_NAMES): void {
    const { traces } = this.#listener
    if (traces?.followsLeases !== true) return this.#lease(callback, custom)
    traces.lease(this.id, callback, (leased) => this.#lease(leased, custom))
  }

  #lease(callback: LeaseCallback, custom: ReadonlySet<string>): void {
    const taken = (error: Error | undefined, client: PoolClient | undefined): void => {
      if (client !== undefined && !(this.#isLendable(client) && this.#custom.suits(client, custom))) {
        client.release(true)
        return this.#lease(callback, custom)
      }
      if (client === undefined) return callback(error)
      if (this.#sleepCheck.knows(client)) return this.#lendAgain(client, callback, custom)
      const thrown = this.#refused.get(client)
      if (thrown !== undefined) {
        client.release(true)
        return callback(thrown)
      }
      this.#sleepCheck.pass(client)
      this.#opening.add(client)
      // It has no holder yet, and an error without a listener would end the process.
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
    }
    const connect = (connected: typeof taken): void => this.#pool.connect(connected)
    const suitability = (client: PoolClient): Suitability => this.#custom.suitability(client, custom)
    if (this.#custom.isUsed) connectSuiting(this.#pool, suitability, connect, taken)
    else connect(taken)
    this.#sharing?.yield()
  }

  /** Lends a connection that was used before, after a check if the process has slept since. */
  #lendAgain(client: PoolClient, callback: LeaseCallback, custom: ReadonlySet<string>): void {
    const lend = (): void => {
      const lent = (): void => callback(undefined, client)
      return this.#listener.lending === undefined ? lent() : this.#listener.lending(client, lent)
    }
    if (!this.#sleepCheck.isDue(client)) return lend()
    this.#sleepCheck.run(client, (found) => {
      if (found === 'alive') return lend()
      client.release(true)
      if (found === 'first-dead') this.renew()
      this.#lease(callback, custom)
    })
  }

  renew(): void {
    this.#sharing?.renew()
    if (this.#pool.totalCount === 0 || this.#pool.ending) return
    const former = this.#pool
    this.#pool = this.#open()
    const unused = unusedOf(former, this.#opening)
    this.#former.add(former)
    drain(former, () => this.#former.delete(former))
    // A graceful end would wait for a server that may never answer.
    for (const client of unused) hangUp(client)
  }

  cut(only?: 'busy'): void {
    const pools = only === undefined ? this.#former : [this.#pool, ...this.#former]
    for (const client of [...pools].flatMap(clientsOf)) {
      if (only === undefined || Reflect.get(client, 'readyForQuery') === false) hangUp(client)
    }
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
    // Does not wait for connection attempts, which may never end.
    for (const client of unusedOf(this.#pool, this.#opening)) hangUp(client)
    await ended
  }

  #open(): PgPool<Client> {
    const options = this.#config.options as PgPool.Config<Client>
    const own = options.Client as typeof Client | undefined
    const ClientClass = clientClassOf(own === undefined ? this.#connect : connectBy(own), (client) =>
      this.#listener.traces?.connecting(this.id, client),
    )
    // Without a class pg-pool would load node-postgres itself, which may be another copy, or none.
    const pool = new PgPool(options, ClientClass)
    // These options are pg-pool's copy.
    if (pool.options.stream === undefined) Object.assign(pool.options, socketOption)
    // pg-pool prefers the class that the options name.
    if (own !== undefined) Object.assign(pool, { Client: ClientClass })
    const listener = this.#listener
    if (listener.outside !== undefined) openOutside(pool, listener.outside)
    pool.on('connect', (client) => {
      const refusal = listener.connected(client, this.id)
      if (refusal !== undefined) this.#refused.set(client, refusal)
    })
    pool.on('release', (error, client) => {
      if (listener.traces?.followsLeases === true) listener.traces.returned(client)
      listener.released(error, client)
    })
    pool.on('remove', (client) => listener.removed(client))
    pool.on('error', (error, client) => {
      // Errors of a replaced pool are not news.
      if (pool === this.#pool) listener.idleError(this.id, error, client)
    })
    return pool
  }
}

/**
 * The class of pg-pool's connections. They have an `error` listener for their whole lifetime. Holders add their own,
 * but a server may close a connection at any moment, and an error without a listener ends the process.
 */
function clientClassOf(connect: Connect, connecting: (client: Client) => void): typeof Client {
  // An ordinary function, since pg-pool constructs.
  return function (options: ClientConfig) {
    const client = connect(withFreshTls(options))
    client.on('error', () => {})
    connecting(client)
    return client
  } as unknown as typeof Client
}

/** Returns the connections of a pg-pool, including connection attempts. */
interface Kept {
  readonly _clients: readonly Client[]
  readonly _idle: readonly { readonly client: Client }[]
}

/**
 * Returns the idle connections of a pool and its connection attempts.
 * @param opening Connections that are not ready yet
 */
function unusedOf(pool: PgPool<Client>, opening: ReadonlySet<Client>): readonly Client[] {
  const idle = (pool as unknown as Kept)._idle.map(({ client }) => client)
  return clientsOf(pool).filter(
    (client) => idle.includes(client) || opening.has(client) || Reflect.get(client, '_connecting') === true,
  )
}

function clientsOf(pool: PgPool<Client>): readonly Client[] {
  return (pool as unknown as Kept)._clients
}

/** Closes a connection at once. Native clients have no stream. */
function hangUp(client: Partial<Client>): void {
  client.connection?.stream.destroy()
}

/** Ends a pool once no caller waits for a connection: pg-pool would drop the waiting callers. */
function drain(pool: PgPool<Client>, ended = (): void => {}): void {
  const endIfIdle = (): void => {
    if (pool.waitingCount > 0 || pool.ending) return
    pool.end().then(ended, ended)
  }
  // While callers wait, all connections are in use, and each will be released.
  pool.on('release', endIfIdle)
  endIfIdle()
}
