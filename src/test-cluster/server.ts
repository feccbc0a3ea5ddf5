/**
 * Address and login of a server: a node-postgres client config with every field present.
 *
 * @example
 * const config: NodeConfig = cluster.primary.config
 */
export interface NodeConfig {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export type Address = Pick<NodeConfig, 'host' | 'port'>

/**
 * Shutdown mode. `fast`: closes connections, flushes everything and sends standbys the rest of the WAL. `immediate`:
 * flushes nothing, so that the next start runs crash recovery.
 *
 * @example
 * const mode: StopMode = 'immediate'
 * await cluster.primary.stop(mode)
 */
export type StopMode = 'fast' | 'immediate'

/** A data directory and its server, as a backend implements it. */
export interface Server {
  /** Also the server's `cluster_name` and, on a standby, its `application_name`. */
  readonly name: string
  readonly config: NodeConfig
  /** Address for the other servers of the cluster. */
  readonly address: Address
  /** Process id of the postmaster; undefined while it is not running. */
  readonly pid: number | undefined
  /** True between `freeze` and the next `thaw`, `stop` or `kill`. */
  readonly frozen: boolean
  /** Starts the server. Resolves when it accepts connections. */
  start(): Promise<void>
  stop(mode: StopMode): Promise<void>
  /** Kills every process of the server with SIGKILL. */
  kill(): Promise<void>
  /** Stops every process with SIGSTOP: the kernel still accepts connections, but the server does not answer. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Returns the last lines of the server's log. */
  log(): Promise<string>
}

/** A backend that runs servers. `close` removes everything that it has created. */
export interface Backend {
  /** Creates a server with its own data directory and starts it. */
  createPrimary(name: string): Promise<Server>
  /** Creates a server without data, to be filled by `copy`. */
  createStandby(name: string): Promise<Server>
  /** Replaces the data of `targets`, which must be stopped, by a copy of `source`. Once started they follow it. */
  copy(source: Server, targets: readonly Server[]): Promise<void>
  close(): Promise<void>
}
