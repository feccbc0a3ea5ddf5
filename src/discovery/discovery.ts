import type { Tags } from '../topology/tags.ts'

/**
 * A server of the cluster. The pool supplies all other connection options and determines its role.
 *
 * @example
 * const node: DiscoveredNode = { host: '10.0.0.7', port: 5432, tags: { zone: 'a' } }
 */
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

/**
 * The servers that the pool knows already: at first those of its own options.
 *
 * @example
 * const namesOf = (known: KnownServers) =>
 *   known.query('SELECT application_name FROM pg_stat_replication')
 */
export interface KnownServers {
  /**
   * Runs a cheap query on the primary, or on another server while there is none or it refuses. Uses the connections
   * that watch the cluster. Resolves with the values of its first row, which have to be text. Rejects when no server
   * answers.
   */
  query(sql: string): Promise<readonly (string | null)[]>
  /** Returns the time of a clock that never goes back, in milliseconds. */
  now(): number
}

/**
 * Finds the servers of the cluster.
 *
 * @example
 * const discovery: Discovery = { intervalMs: 5000, discover: async () => [{ host: '10.0.0.7' }] }
 */
export interface Discovery {
  /** Time between two calls of `discover`, in milliseconds. */
  readonly intervalMs: number
  /**
   * Returns all servers of the cluster, primary included. After an empty list or a rejection the previous list stays.
   *
   * @param signal Aborted when the result is no longer needed.
   * @param known The servers that are known already. They may be asked. A pool always gives them.
   */
  discover(signal: AbortSignal, known?: KnownServers): Promise<readonly DiscoveredNode[]>
}
