import type * as Pg from 'pg'
import type { PoolOptions } from '../config/options.ts'
import { Client } from '../platform/pg.ts'
import { Pool } from '../pool.ts'
import { optionsFor, type Registration } from './registration.ts'

/** Puts a routed pool into the module in place of its own. */
export function install(module: typeof Pg, registration: Registration): void {
  // Libraries know a pool by this name of its class.
  class BoundPool extends Pool {
    constructor(options?: PoolOptions) {
      const given = options ?? {}
      super(withPlainClient(optionsFor(given, registration)))
      Object.assign(this.options, { ...given, ...this.options })
    }
  }
  Object.assign(module, { Pool: BoundPool })

  // The connections of a routed pool are plain ones, whatever the application takes for node-postgres' client.
  function withPlainClient(options: PoolOptions): PoolOptions {
    return options.Client === module.Client ? { ...options, Client } : options
  }
}
