import { appendFileSync } from 'node:fs'
import type { ClientConfig, PoolConfig } from 'pg'
import type { PoolOptions } from '../../../src/config/options.ts'
import { wrapPg, type ClientOptions, type PgModule } from '../../../src/pool/module.ts'
import type { Pool } from '../../../src/pool/pool-contract.ts'
import type { Plug } from './plug.ts'

type PoolClass = new (options?: string | PoolConfig) => Pool
type ClientClass = PgModule['Client']

interface Classes {
  readonly Pool: PoolClass
  /** For a suite that is written for one client, and is to run on a pool. */
  readonly PoolAsClient: PoolClass
  readonly Client: ClientClass
}

/** The classes under test upon the suite's own copy of node-postgres, or what they are compared with, on the cluster. */
export function classesUpon(copy: PgModule, plug: Plug): Classes {
  const base = plug.isRouted ? wrapPg(copy) : copy
  const PoolBase = base.Pool as unknown as PoolClass

  /** Those whose reads have not been added up. */
  const pools = new Set<Pool>()

  /** A suite that is not routed proves nothing: how many reads there were, and how many of them left the primary. */
  function addUp(pool: Pool): void {
    if (!pools.delete(pool) || !('stats' in pool)) return
    const { reads, offload } = pool.stats()
    if (reads > 0) appendFileSync(plug.tally, `${reads} ${Math.round(reads * offload)}\n`)
  }
  process.once('exit', () => pools.forEach(addUp))

  class RoutedPool extends PoolBase {
    constructor(options?: string | PoolConfig) {
      super(optionsFrom(options, plug))
      pools.add(this)
    }

    override end(...given: never[]): never {
      addUp(this)
      return (super.end as (...args: never[]) => never)(...given)
    }
  }

  class PoolAsClient extends RoutedPool {
    #isOpen = false

    override connect(...given: never[]): never {
      if (this.#isOpen || given.length > 0) return (super.connect as (...args: never[]) => never)(...given)
      // The suite connects its client once, and means nothing by it.
      this.#isOpen = true
      return Promise.resolve(this) as never
    }
  }

  class Client extends (base.Client as ClientClass) {
    constructor(config?: string | ClientConfig) {
      super(optionsFrom(config, plug))
    }
  }

  // Libraries know a pool by the name of its class.
  for (const each of [RoutedPool, PoolAsClient]) Object.defineProperty(each, 'name', { value: 'Pool' })
  return { Pool: RoutedPool, PoolAsClient, Client }
}

function optionsFrom(given: string | ClientOptions | undefined, plug: Plug): PoolOptions {
  const { isRouted, overrideServer, primary, replicas, checkout } = plug
  const options = typeof given === 'string' ? { connectionString: given } : given
  const { database: _, ...server } = primary
  // Suites make databases of their own.
  const addresses = replicas.map(({ host, port }) => ({ host, port }))
  const cluster =
    isRouted && replicas.length > 0 ? { replicas: addresses, checkout, logger: false as const } : {}
  // Seldom enumerable.
  const password = options?.password === undefined ? {} : { password: options.password }
  return { ...options, ...password, ...(overrideServer ? server : {}), ...cluster }
}
