import { isDeepStrictEqual } from 'node:util'
import type { PoolClient, PoolConfig } from 'pg'
import type { NodeId } from '../topology/node.ts'
import type { Tags } from '../topology/tags.ts'
import type { Answered, ShareableRead, Ride, Rider } from './shareable-read.ts'

/** How to reach one node, as the configuration says it. */
export interface NodeConfig {
  readonly id: NodeId
  /** Share of the reads relative to other replicas. 0: no reads. */
  readonly weight: number
  /** Properties that balancers and tiers may ask for. */
  readonly tags?: Tags
  /** Several servers share this address: which one is reached is known of each connection only. */
  readonly isBalanced?: true
  /** Options of node-postgres for the connections to this node. The pool's may change, and these with them. */
  readonly options: PoolConfig
  /** Names of options that are the node's own: they do not follow the pool's. */
  readonly own?: ReadonlySet<string>
  /** Called with the name of each option that has changed. Absent where none does. */
  readonly followers?: Set<(name: PropertyKey) => void> | undefined
}

/** Whether both mean the same server, reached in the same way. Their weights and tags may differ. */
export function isSameWay(a: NodeConfig, b: NodeConfig): boolean {
  // Passwords are seldom enumerable, so they are compared by name.
  if (a.id !== b.id || a.isBalanced !== b.isBalanced || a.options.password !== b.options.password)
    return false
  return isDeepStrictEqual(a.options, b.options)
}

/** Receives the connection, or why there is none. The connection is the caller's until `client.release()`. */
export type LeaseCallback = (error: Error | undefined, client?: PoolClient) => void

/** Sends one node's shareable reads. */
export interface ReadSender {
  /** Sends a read over a lane. Gives undefined when it is to run over a lease. */
  ride(read: ShareableRead, rider: Rider): Ride | undefined
  /** Sends a read over a leased connection, with a name when that pays. */
  send(client: PoolClient, read: ShareableRead, answered: Answered): void
}

/** One node's connections. */
export interface ServerNode {
  readonly id: NodeId
  /** Absent where reads are sent as they come. */
  readonly reads?: ReadSender | undefined
  /** Hands out a connection for exclusive use, waiting for one when all are in use. */
  lease(callback: LeaseCallback): void
  /** The way to the node is broken: new connections from now on; those in use stay with their holders. */
  renew(): void
  /** Another server has taken over: what still runs over connections of before the last `renew` fails now. */
  cut(): void
  /** The node is no longer wanted: who has a connection or waits for one goes on, and the last one ends it. */
  drain(): void
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly expiredCount: number
  /** Ends idle connections, waits for those in use, then resolves. */
  end(): Promise<void>
}
