import type PgPool from 'pg-pool'
import type { Client, PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { Lanes } from './lanes.ts'
import { NamedReads } from './named-reads.ts'
import type { NodeSchema } from './node-schema.ts'
import { SharedReads } from './shared-reads.ts'
import { PreparedStatements } from './prepared-statements.ts'
import type { Questions } from './exchange.ts'
import type { LeaseCallback, ReadSender } from './server-node.ts'

/** Connections to one node that many reads share. */
export interface LaneSettings {
  /** How many connections to one node may be lanes. */
  readonly perNode: number
  /** How many reads may be under way on one lane. */
  readonly maxInFlight: number
}

/** Which texts get a name. */
export interface PrepareSettings {
  /** How often a text is seen before it gets a name. */
  readonly after: number
  /** How many names one connection has at most. */
  readonly max: number
}

/** How reads share connections and names on one node. */
export interface SharingSettings {
  readonly platform: Platform
  /** Absent where each read has a connection of its own. */
  readonly lanes: LaneSettings | undefined
  /** Absent where nothing gets a name. */
  readonly prepare: PrepareSettings | undefined
  /** Takes from a connection what sessions have set there: reads that share one have set nothing. */
  readonly cleaning: Questions
  readonly schema: Pick<NodeSchema, 'current' | 'renew' | 'close'>
}

/** How much of the server's time may be under way on one lane, in milliseconds: nobody waits for much longer. */
const WORK_MS = 3

/** The connections of a node. */
export interface SharedPool {
  /** The pool that new connections come from. */
  readonly current: () => PgPool<Client>
  readonly lease: (callback: LeaseCallback) => void
  readonly lostIdle: (error: Error, client: PoolClient) => void
  readonly unavailable: () => void
}

/** Holds what the reads of one node share: connections, names, and what was seen of their shapes. */
export class Sharing {
  readonly reads: ReadSender
  readonly #lanes: Lanes | undefined
  readonly #schema: SharingSettings['schema']
  readonly #pool: SharedPool

  constructor({ cleaning, lanes, platform, prepare, schema }: SharingSettings, pool: SharedPool) {
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
    // At least as many connections are left to those who need one for themselves.
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
      this.#lanes = new Lanes({ platform, named, statementsOf, most, limits, cleaning, pool: ofLanes })
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

  /** Somebody may wait for a connection now. */
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
