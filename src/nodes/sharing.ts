import type PgPool from 'pg-pool'
import type { Client, PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { Lanes } from './lanes.ts'
import { NamedReads } from './named-reads.ts'
import type { NodeSchema } from './node-schema.ts'
import { SharedReads } from './shared-reads.ts'
import { PreparedStatements } from './prepared-statements.ts'
import type { SideQueriesOf } from './exchange.ts'
import type { LeaseCallback, ReadSender } from './server-node.ts'

/** Limits of a node's lanes. */
export interface ResolvedLaneOptions {
  /** Maximum number of lanes of one node. */
  readonly perNode: number
  /** Maximum number of reads in flight on one lane. */
  readonly maxInFlight: number
}

/** Limits of a connection's prepared statements. */
export interface ResolvedPrepareOptions {
  /** Number of runs before a text gets a name. */
  readonly after: number
  /** Maximum number of names of one connection. */
  readonly max: number
}

/** How the reads of one node share connections and names. */
export interface SharingOptions {
  readonly platform: Platform
  /** Absent when each read has its own connection. */
  readonly lanes: ResolvedLaneOptions | undefined
  /** Absent when reads get no names. */
  readonly prepare: ResolvedPrepareOptions | undefined
  /** Resets a connection's settings: reads that share one have none. */
  readonly cleaning: SideQueriesOf
  readonly schema: Pick<NodeSchema, 'current' | 'renew' | 'close'>
  /** Number of times that the process has slept. Lanes from before a sleep are closed. @defaultValue never */
  readonly sleeps?: (() => number) | undefined
}

/** Maximum work in flight on one lane, in milliseconds of server time. It bounds the delay of a read by others. */
const WORK_MS = 3

/** The connections of a node. */
export interface SharedPool {
  /** The pool for new connections. */
  readonly current: () => PgPool<Client>
  readonly lease: (callback: LeaseCallback) => void
  readonly lostIdle: (error: Error, client: PoolClient) => void
  readonly unavailable: () => void
}

/** The state that the reads of one node share: lanes, names and measurements. */
export class Sharing {
  readonly reads: ReadSender
  readonly #lanes: Lanes | undefined
  readonly #schema: SharingOptions['schema']
  readonly #pool: SharedPool

  constructor({ cleaning, lanes, platform, prepare, schema, sleeps }: SharingOptions, pool: SharedPool) {
    this.#pool = pool
    this.#schema = schema
    const named = new NamedReads(platform, () => schema.current())
    const known = new WeakMap<PoolClient, PreparedStatements>()
    const statementsOf = (client: PoolClient): PreparedStatements => {
      let statements = known.get(client)
      if (statements === undefined) {
        statements = new PreparedStatements(client, prepare?.max ?? 1)
        known.set(client, statements)
      }
      return statements
    }
    const { allowExitOnIdle, max, maxLifetimeSeconds, maxUses } = pool.current().options
    // Leaves at least as many connections for leases.
    const most = Math.min(lanes?.perNode ?? 0, Math.floor(max / 2))
    if (lanes !== undefined && most > 0) {
      const limits = {
        workMs: WORK_MS,
        maxInFlight: lanes.maxInFlight,
        maxUses: maxUses ?? Infinity,
        allowExitOnIdle: allowExitOnIdle ?? false,
      }
      const ofLanes = {
        ...pool,
        isWanted: () => this.#isWanted,
        isExpired: () => (maxLifetimeSeconds ?? 0) > 0 && pool.current().expiredCount > 0,
      }
      this.#lanes = new Lanes({
        platform,
        named,
        statementsOf,
        most,
        limits,
        cleaning,
        pool: ofLanes,
        sleeps,
      })
    }
    const prepareAfter = prepare?.after ?? Infinity
    this.reads = new SharedReads({
      platform,
      lanes: this.#lanes,
      named,
      statementsOf,
      prepareAfter,
      cleaning,
    })
  }

  /** Called when a caller may be waiting for a connection. */
  yield(): void {
    if (this.#lanes !== undefined && this.#isWanted) this.#lanes.yield()
  }

  renew(): void {
    this.#schema.renew()
    this.#lanes?.renew()
  }

  close(): void {
    this.#schema.close()
    this.#lanes?.close()
  }

  get #isWanted(): boolean {
    const { idleCount, waitingCount } = this.#pool.current()
    return waitingCount > idleCount
  }
}
