import type { ClientConfig, PoolClient } from 'pg'
import type { RouterPort } from './router-port.ts'
import type { ParameterAnnouncer } from './parameter-status.ts'
import type { VirtualConnection } from './virtual-connection.ts'

/** What a pool gives to a client that it makes, in place of a configuration. */
export class Wiring {
  readonly router: RouterPort
  /** Options of node-postgres, for what a client shows of itself. */
  readonly config: ClientConfig
  /** Everything belongs on the primary. */
  readonly primaryOnly: boolean
  /** A connection to the primary is held from checkout to release. */
  readonly isEager: boolean
  readonly parameters: ParameterAnnouncer
  /** Told when everything is given back behind a release. */
  readonly returned: (client: PoolClient) => void
  /** Set by the client that is made. */
  connection: VirtualConnection | undefined

  constructor(
    options: Pick<Wiring, 'router' | 'config' | 'primaryOnly' | 'isEager' | 'parameters' | 'returned'>,
  ) {
    this.router = options.router
    this.config = options.config
    this.primaryOnly = options.primaryOnly
    this.isEager = options.isEager
    this.parameters = options.parameters
    this.returned = options.returned
  }
}

/** A cluster that clients of the same configuration have in common. */
export interface Membership {
  /** Options of node-postgres. */
  readonly config: ClientConfig
  /** A connection to the primary is held from `connect()` to `end()`. */
  readonly isEager: boolean
  /** The cluster, which is watched until the last one leaves. */
  enter(): MemberPort
}

export interface MemberPort {
  readonly router: RouterPort
  /** Resolves when a statement may hope for a node. */
  servable(): Promise<void>
  leave(): Promise<void>
}
