import { isDeepStrictEqual } from 'node:util'
import type { PoolClient, PoolConfig } from 'pg'
import type { NodeId } from '../topology/node.ts'
import type { Tags } from '../topology/tags.ts'
import type { Answered, ShareableRead, Ride, Rider } from './shareable-read.ts'

/** Configuration of one node. */
export interface NodeConfig {
  readonly id: NodeId
  /** Share of the reads relative to other replicas. With 0 it gets none. */
  readonly weight: number
  /** Labels that balancers and tiers can select by. */
  readonly tags?: Tags
  /** Several servers share this address, so each connection may reach another one. */
  readonly isBalanced?: true
  /** Options of node-postgres for the connections to this node. They follow changes of the pool's options. */
  readonly options: PoolConfig
  /** Names of the node's own options, which do not follow the pool's. */
  readonly own?: ReadonlySet<string>
  /** Subscribes to the names of changed options. Absent when options never change. */
  readonly followers?: Set<(name: PropertyKey) => void> | undefined
}

/** Whether both name the same server with the same connection options. Weights and tags may differ. */
export function isSameWay(a: NodeConfig, b: NodeConfig): boolean {
  // Passwords are often non-enumerable, so they are compared explicitly.
  if (a.id !== b.id || a.isBalanced !== b.isBalanced || a.options.password !== b.options.password)
    return false
  return isDeepStrictEqual(a.options, b.options)
}

/** Receives a connection or an error. The caller owns the connection until `client.release()`. */
export type LeaseCallback = (error: Error | undefined, client?: PoolClient) => void

/** Sends one node's shareable reads. */
export interface ReadSender {
  /** Number of lanes, those that are being opened included. */
  readonly laneCount: number
  /**
   * Sends a read over a lane. Returns undefined when it has to run over a lease.
   * @param opensLanes Whether a lane may be opened for it or later ones. @defaultValue true
   */
  ride(read: ShareableRead, rider: Rider, opensLanes?: boolean): Ride | undefined
  /** Whether a read with this text would travel with others that are in flight on a lane. Has no side effects. */
  joins(text: string): boolean
  /** Sends a read over a leased connection, with a name if that is faster. */
  send(client: PoolClient, read: ShareableRead, answered: Answered): void
}

/** One node's connections. */
export interface ServerNode {
  readonly id: NodeId
  /** Absent when reads share neither connections nor names. */
  readonly reads?: ReadSender | undefined
  /**
   * Leases a connection for exclusive use. Waits when all are in use.
   * @param custom Custom settings that its user makes: see `CustomSettings`. Absent: none.
   */
  lease(callback: LeaseCallback, custom?: ReadonlySet<string>): void
  /** Replaces the connections after a failure. Those in use stay with their holders. */
  renew(): void
  /**
   * Closes connections when another server has taken over: those from before the last `renew`, or all on which a
   * statement is in progress.
   */
  cut(only?: 'busy'): void
  /** Closes the node when it is removed, after all leases and waiting callers have ended. */
  drain(): void
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly expiredCount: number
  /** Closes idle connections and waits for those in use. */
  end(): Promise<void>
}
