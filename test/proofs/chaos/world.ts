import type { ClientConfig } from 'pg'
import type { Pool } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import type { Address, TcpProxy } from '../../support/tcp-proxy.ts'
import type { Names } from './names.ts'

/** One server, as faults reach it: its processes, and the network between it and the pool. */
export interface ChaosServer {
  readonly name: string
  /** Leads past the network, as a superuser. */
  readonly config: ClientConfig & Address
  readonly network: TcpProxy
  kill(): Promise<void>
  /** Stops it in order. Absent where something else would start it again at once. */
  stop?(): Promise<void>
  /** Resolves when it answers again. */
  start(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
}

export const WORLDS = ['direct', 'bouncers', 'patroni'] as const
export type WorldName = (typeof WORLDS)[number]

/** Real servers, and a pool over them. */
export interface World extends AsyncDisposable {
  readonly name: WorldName
  readonly pool: Pool
  readonly servers: readonly ChaosServer[]
  /** The server that takes writes, by the word of what runs the cluster. */
  primary(): Promise<ChaosServer>
  /** Resolves when every server runs and follows the primary. */
  healed(): Promise<void>
  readonly cluster?: Cluster
  readonly names?: Names
  /** Restarts the PgBouncer in front of a server. */
  restartBouncer?(server: ChaosServer): Promise<void>
  /** Hands over to another server. */
  switchover?(): Promise<string>
  /** Kills the agent beside a server. */
  killAgent?(server: ChaosServer): Promise<void>
  startAgent?(server: ChaosServer): Promise<void>
}
