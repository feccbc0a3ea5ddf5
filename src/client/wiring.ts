import type { ClientConfig, PoolClient } from 'pg'
import type { ClientKind } from './client-kind.ts'
import type { RouterPort } from './router-port.ts'
import type { ParameterAnnouncer } from './parameter-status.ts'
import type { VirtualConnection } from './virtual-connection.ts'

/** The configuration of a client that a pool makes. */
export class Wiring {
  readonly router: RouterPort
  /** Options of node-postgres, for what a client shows of itself. */
  readonly config: ClientConfig
  readonly kind: ClientKind
  readonly parameters: ParameterAnnouncer
  /** Called when everything is given back after a release. */
  readonly returned: (client: PoolClient) => void
  /** Set by the client that is made. */
  connection: VirtualConnection | undefined

  constructor(options: Pick<Wiring, 'router' | 'config' | 'kind' | 'parameters' | 'returned'>) {
    this.router = options.router
    this.config = options.config
    this.kind = options.kind
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
  leave(): Promise<void>
}
