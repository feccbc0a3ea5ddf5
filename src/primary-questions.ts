import type { Client } from 'pg'
import { KeptConnection } from './monitoring/kept-connection.ts'
import type { NodeSet } from './nodes/node-set.ts'
import type { Platform } from './platform/platform.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Asks the primary of the moment about the database, over a connection that is in nobody's way. */
export class PrimaryQuestions {
  readonly #connection: KeptConnection
  readonly #of: () => { readonly cluster: WatchedCluster; readonly nodes: NodeSet }

  constructor(
    ClientClass: typeof Client,
    platform: Platform,
    connectTimeoutMs: number,
    of: () => { readonly cluster: WatchedCluster; readonly nodes: NodeSet },
  ) {
    this.#connection = new KeptConnection(ClientClass, platform, connectTimeoutMs)
    this.#of = of
  }

  async ask(sql: string): Promise<readonly unknown[]> {
    const { cluster, nodes } = this.#of()
    const primary = cluster.primary()
    const config = primary === undefined ? undefined : nodes.configOf(primary.id)
    if (config === undefined) throw cluster.unavailable()
    return this.#connection.rows(config.options, sql)
  }

  close(): void {
    this.#connection.close()
  }
}
