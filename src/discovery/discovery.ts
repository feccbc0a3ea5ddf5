import type { Tags } from '../topology/tags.ts'

/** A server of the cluster. The pool supplies all other connection options and determines its role. */
export interface DiscoveredNode {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string
  /** @defaultValue the pool's own `port` */
  readonly port?: number | undefined
  /**
   * Share of the reads relative to the other replicas; with 0 the server is monitored but gets no reads. Has no effect
   * on the primary.
   * @defaultValue 1
   */
  readonly weight?: number | undefined
  /** Labels that balancers and tiers can select by. @defaultValue none */
  readonly tags?: Tags | undefined
}

/** Finds the servers of the cluster. */
export interface Discovery {
  /** Time between two calls of `discover`, in milliseconds. */
  readonly intervalMs: number
  /**
   * Returns all servers of the cluster, primary included. After an empty list or a rejection the previous list stays.
   *
   * @param signal Aborted when the result is no longer needed.
   */
  discover(signal: AbortSignal): Promise<readonly DiscoveredNode[]>
}
