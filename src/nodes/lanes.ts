import type { PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { canSendAhead, exchange, type Questions } from './exchange.ts'
import { isBroken } from './is-broken.ts'
import { isInTransaction } from './in-transaction.ts'
import { Lane, type LaneLimits, type LanePool } from './lane.ts'
import { hasOwnQuery } from './own-query.ts'
import type { NamedReads } from './named-reads.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { LeaseCallback } from './server-node.ts'

/** The pool of a node's connections. */
export interface LanesPool extends LanePool {
  readonly lease: (callback: LeaseCallback) => void
  /** A lane was lost while nothing was under way on it. */
  readonly lostIdle: (error: Error, client: PoolClient) => void
  /** This version of node-postgres cannot pipeline. Told once. */
  readonly unavailable: () => void
}

export interface LanesOptions {
  readonly platform: Platform
  readonly named: NamedReads
  readonly statementsOf: (client: PoolClient) => PreparedStatements
  /** How many connections may be lanes. */
  readonly most: number
  readonly limits: LaneLimits
  readonly cleaning: Questions
  readonly pool: LanesPool
}

/** One node's lanes. One is filled before the next is opened, since what is sent together is cheaper. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #lanes: Lane[] = []
  #isOpening = false
  #isClosed = false
  /** Lanes that are opened before the way to the node was found broken are of no use. */
  #generation = 0

  constructor(options: LanesOptions) {
    this.#options = options
  }

  /** Gives the lane for a read that costs so much, in milliseconds of the server's time. Absent: it is to run over a lease. */
  withRoomFor(costMs: number): Lane | undefined {
    for (const lane of this.#lanes) if (lane.hasRoomFor(costMs)) return lane
    this.#open()
    return undefined
  }

  /** Somebody waits for a connection: what carries nothing is given back. */
  yield(): void {
    for (const lane of this.#lanes.slice()) lane.yield()
  }

  /** The way to the node is broken: new lanes from now on. What is under way goes on. */
  renew(): void {
    this.#generation += 1
    for (const lane of this.#lanes.slice()) lane.close()
    this.#lanes.length = 0
    this.#isOpening = false
  }

  /** No new reads; what is under way goes on, and then the connections are given back. */
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
      // The next caller who asks for a connection hears why there is none.
      if (client === undefined) return void this.#opened(generation)
      exchange(client, { before: cleaning(client) }, (error) => {
        const isLate = !this.#opened(generation)
        // A transaction begun with `pool.query('BEGIN')` has to stay where it is. pg-pool closes a connection that was lost on the way.
        if (error || isLate || isInTransaction(client) || isBroken(client)) client.release(error)
        else this.#use(client)
      })
    })
  }

  /** True unless it comes too late. */
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
    // The application's own may do anything with its queries, as each has its own connection.
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
