import type { Tags } from '../topology/tags.ts'

/** A server of the cluster. Everything else of how to reach it, and its role, is the pool's business. */
export interface DiscoveredNode {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string
  /** @defaultValue the pool's own `port` */
  readonly port?: number | undefined
  /**
   * Share of the reads relative to the other replicas; 0 for a server that is watched but gets none. Counts while the
   * server is a replica: what only the primary may do goes to the primary, whatever its weight.
   * @defaultValue 1
   */
  readonly weight?: number | undefined
  /** What balancers and tiers may ask for. @defaultValue none */
  readonly tags?: Tags | undefined
}

/** Knows where the servers of the cluster are. */
export interface Discovery {
  /** Time between two calls of `discover`, in milliseconds. */
  readonly intervalMs: number
  /**
   * The whole cluster, primary included. An empty list and a rejection mean that nothing is known: the old list stays.
   *
   * @param signal Fires when nobody waits for the answer any more.
   */
  discover(signal: AbortSignal): Promise<readonly DiscoveredNode[]>
}
