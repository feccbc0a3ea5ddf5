import type { ClientConfig } from 'pg'
import type { PoolOptions } from '../config/options.ts'
import { routedModule, type ClientOptions, type PgModule } from '../pool/module.ts'
import { optionsFor, type Registration } from './registration.ts'

/** Puts a routed pool and a routed client into the module in place of its own. */
export function install(module: Pick<PgModule, 'Pool' | 'Client'>, registration: Registration): void {
  const PlainClient = module.Client

  // Libraries know both by these names of their classes.
  class BoundPool extends routedModule.Pool {
    constructor(options?: PoolOptions | null) {
      const given = options ?? {}
      const { Client: ClientClass = PlainClient, ...rest } = optionsFor(given, registration)
      // The connections of a routed pool are plain ones, whatever the application takes for node-postgres' client.
      super({ ...rest, Client: ClientClass === BoundClient ? PlainClient : ClientClass })
      Object.assign(this.options, { ...given, ...this.options })
    }
  }
  const BoundClient = class Client extends routedModule.Client {
    constructor(config?: string | ClientConfig) {
      super(clientConfig(config))
    }
  }
  Object.assign(module, { Pool: BoundPool, Client: BoundClient })

  function clientConfig(config: string | ClientConfig | undefined): string | ClientOptions | undefined {
    const options = optionsFor(
      typeof config === 'string' ? { connectionString: config } : (config ?? {}),
      registration,
    )
    return options.replicas === undefined ? config : options
  }
}
