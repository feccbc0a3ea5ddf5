import type { ClientConfig } from 'pg'
import type { PoolOptions } from '../config/options.ts'
import { routedModule, type ClientOptions, type PgModule } from '../pool/module.ts'
import { optionsFor, type Registration } from './registration.ts'

/**
 * Replaces `Pool` and `Client` of the module by routed ones.
 *
 * @param constructed Called when the program constructs one of them.
 */
export function install(
  module: Pick<PgModule, 'Pool' | 'Client'>,
  registration: Registration,
  constructed: () => void = () => {},
): void {
  const PlainClient = module.Client

  // Libraries check the names of these classes.
  class BoundPool extends routedModule.Pool {
    constructor(options?: PoolOptions | null) {
      constructed()
      const given = options ?? {}
      const { Client: ClientClass = PlainClient, ...rest } = optionsFor(given, registration)
      // The connections of a routed pool must not be routed clients themselves.
      super({ ...rest, Client: ClientClass === BoundClient ? PlainClient : ClientClass })
      Object.assign(this.options, { ...given, ...this.options })
    }
  }
  const BoundClient = class Client extends routedModule.Client {
    constructor(config?: string | ClientConfig) {
      constructed()
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
