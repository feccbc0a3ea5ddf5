import type { PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { canSendAhead, exchange, type SideQueriesOf } from './exchange.ts'
import { isBroken } from './is-broken.ts'
import { isInTransaction } from './in-transaction.ts'
import { Lane, type LaneLimits, type LanePool } from './lane.ts'
import { hasOwnQuery } from './own-query.ts'
import type { NamedReads } from './named-reads.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { LeaseCallback } from './server-node.ts'

/** The pool of a node's connections, as its lanes need it. */
export interface LanesPool extends LanePool {
  readonly lease: (callback: LeaseCallback) => void
  /** Called when an empty lane lost its connection. */
  readonly lostIdle: (error: Error, client: PoolClient) => void
  /** Called once if this version of node-postgres cannot pipeline. */
  readonly unavailable: () => void
}

export interface LanesOptions {
  readonly platform: Platform
  readonly named: NamedReads
  readonly statementsOf: (client: PoolClient) => PreparedStatements
  /** Maximum number of lanes. */
  readonly most: number
  readonly limits: LaneLimits
  readonly cleaning: SideQueriesOf
  readonly pool: LanesPool
  /** Number of times that the process has slept. @defaultValue never */
  readonly sleeps?: (() => number) | undefined
}

/** One node's lanes. One is filled before the next is opened, since reads that are sent together are cheaper. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #lanes: Lane[] = []
  #isOpening = false
  #isClosed = false
  /** Lanes that are being opened when the node's connections are renewed are dropped. */
  #generation = 0
  #sleeps: number

  constructor(options: LanesOptions) {
    this.#options = options
    this.#sleeps = options.sleeps?.() ?? 0
  }

  /** Number of lanes, those that are being opened included. */
  get count(): number {
    return this.#lanes.length + (this.#isOpening ? 1 : 0)
  }

  /**
   * Returns the lane for a read of this cost, in milliseconds of server time; `undefined` when it has to run over a
   * lease. Then another lane is opened, unless `mayOpen` is false.
   */
  withRoomFor(costMs: number, mayOpen: boolean = true): Lane | undefined {
    const sleeps = this.#options.sleeps?.() ?? 0
    if (sleeps !== this.#sleeps) {
      this.#sleeps = sleeps
      // Their connections are checked when they are leased again.
      this.renew()
    }
    for (const lane of this.#lanes) if (lane.hasRoomFor(costMs)) return lane
    if (mayOpen) this.#open()
    return undefined
  }

  /** Whether a read of this cost, in milliseconds of server time, would travel with others that are in flight. */
  carriesWith(costMs: number): boolean {
    return this.#lanes.some((lane) => lane.isCarrying && lane.hasRoomFor(costMs))
  }

  /** Returns the connections of empty lanes to a waiting caller. */
  yield(): void {
    for (const lane of this.#lanes.slice()) lane.yield()
  }

  /** Closes all lanes, so that later reads get new ones. Reads in flight continue. */
  renew(): void {
    this.#generation += 1
    for (const lane of this.#lanes.slice()) lane.close()
    this.#lanes.length = 0
    this.#isOpening = false
  }

  /** Accepts no more reads. Returns the connections when the reads in flight have ended. */
  close(): void {
    this.#isClosed = true
    this.renew()
  }

  #open(): void {
    const { cleaning, most, pool } = this.#options
    if (this.#isOpening || this.#isClosed || this.#lanes.length >= most) return
    this.#isOpening = true
    const generation = this.#generation
    pool.lease((_error, client) => {
      // The next caller who asks for a connection gets the error.
      if (client === undefined) return void this.#opened(generation)
      exchange(client, { before: cleaning(client) }, (error) => {
        const isLate = !this.#opened(generation)
        // A connection with a transaction of `pool.query('BEGIN')` must not become a lane. pg-pool closes a lost
        // connection.
        if (error || isLate || isInTransaction(client) || isBroken(client)) client.release(error)
        else this.#use(client)
      })
    })
  }

  /** Opens a lane on a connection. Returns false if it comes too late. */
  #opened(generation: number): boolean {
    if (generation !== this.#generation) return false
    this.#isOpening = false
    return true
  }

  #use(client: PoolClient): void {
    if (!canSendAhead(client)) {
      this.#isClosed = true
      client.release()
      return this.#options.pool.unavailable()
    }
    // A `query` of the application may rely on one connection per query.
    if (hasOwnQuery(client)) {
      this.#isClosed = true
      return client.release()
    }
    const { limits, named, platform, pool, statementsOf } = this.#options
    const over = (lane: Lane, error: Error | undefined): void => {
      const index = this.#lanes.indexOf(lane)
      if (index !== -1) this.#lanes.splice(index, 1)
      if (error !== undefined) pool.lostIdle(error, client)
    }
    const statements = statementsOf(client)
    this.#lanes.push(new Lane(client, { platform, named, statements, limits, pool, over }))
  }
}
