import type { ClientConfig, PoolClient } from 'pg'
import type { ClientKind } from './client-kind.ts'
import type { RouterPort } from './router-port.ts'
import type { ParameterAnnouncer } from './parameter-status.ts'
import type { VirtualConnection } from './virtual-connection.ts'

/** Configuration of a client that a pool creates. */
export class Wiring {
  readonly router: RouterPort
  /** Options of node-postgres that the client shows. */
  readonly config: ClientConfig
  readonly kind: ClientKind
  readonly parameters: ParameterAnnouncer
  /** Called when everything has been returned after a release. */
  readonly returned: (client: PoolClient) => void
  /** How long a query object of a released client may wait for the program, in milliseconds. */
  readonly patienceMs: () => number
  /** Set by the created client. */
  connection: VirtualConnection | undefined

  constructor(
    options: Pick<Wiring, 'router' | 'config' | 'kind' | 'parameters' | 'returned' | 'patienceMs'>,
  ) {
    this.router = options.router
    this.config = options.config
    this.kind = options.kind
    this.parameters = options.parameters
    this.returned = options.returned
    this.patienceMs = options.patienceMs
  }
}

/** Membership in a cluster that clients with the same configuration share. */
export interface Membership {
  /** Options of node-postgres. */
  readonly config: ClientConfig
  /** Whether a connection to the primary is held from `connect()` to `end()`. */
  readonly isEager: boolean
  /** The cluster, which is monitored until the last member leaves. */
  enter(): MemberPort
}

export interface MemberPort {
  readonly router: RouterPort
  leave(): Promise<void>
}
