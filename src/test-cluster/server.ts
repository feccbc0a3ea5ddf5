/** Where and as whom to connect: a node-postgres client config with every field present. */
export interface NodeConfig {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export type Address = Pick<NodeConfig, 'host' | 'port'>

/**
 * How a server is asked to stop. `fast`: connections are cut, everything is flushed, standbys get the rest of the WAL.
 * `immediate`: no flushing, so that the next start runs crash recovery.
 */
export type StopMode = 'fast' | 'immediate'

/** One data directory and the server that serves it: the seam between a cluster and the place where it runs. */
export interface Server {
  /** Also the server's `cluster_name` and, on a standby, its `application_name`. */
  readonly name: string
  readonly config: NodeConfig
  /** Where the other servers of the cluster reach it. */
  readonly address: Address
  /** Process id of the postmaster; undefined while it does not run. */
  readonly pid: number | undefined
  /** Between `freeze` and the next `thaw`, `stop` or `kill`. */
  readonly frozen: boolean
  /** Resolves when connections are accepted. */
  start(): Promise<void>
  stop(mode: StopMode): Promise<void>
  /** SIGKILL for every process of the server at once. */
  kill(): Promise<void>
  /** SIGSTOP for every process: connections are accepted by the kernel and nobody answers. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** The end of the server's log. */
  log(): Promise<string>
}

/** A place where servers run. It owns everything it makes, and `close` removes all of it. */
export interface Backend {
  /** Makes a server with a data directory of its own and starts it. */
  createPrimary(name: string): Promise<Server>
  /** Makes a server without data: `copy` gives it some. */
  createStandby(name: string): Promise<Server>
  /** Replaces the data of `targets`, none of which runs, by a copy of `source`, to follow it from their start on. */
  copy(source: Server, targets: readonly Server[]): Promise<void>
  close(): Promise<void>
}
