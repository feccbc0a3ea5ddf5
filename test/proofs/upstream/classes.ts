import { appendFileSync } from 'node:fs'
import { Pool as PgPool, type PoolConfig } from 'pg'
import { Pool as RoutedPool, type PoolOptions } from '../../../src/index.ts'
import { readPlug } from './plug.ts'

const { isRouted, overrideServer, primary, replicas, checkout, tally } = readPlug()
const pools = new Set<PgPool>()

function optionsFrom(given: string | PoolConfig | undefined): PoolOptions {
  const options = typeof given === 'string' ? { connectionString: given } : given
  const { database: _, ...server } = primary
  const cluster = isRouted && replicas.length > 0 ? { replicas, logger: false as const } : {}
  return {
    ...options,
    ...(overrideServer ? server : {}),
    ...cluster,
    ...(checkout === undefined ? {} : { checkout }),
  }
}

const Base: typeof PgPool = isRouted ? RoutedPool : PgPool

/** The pool under test, or what it is compared with, on the cluster. */
export class Pool extends Base {
  constructor(options?: PoolConfig) {
    super(optionsFrom(options))
    pools.add(this)
  }
}

/** For a suite that is written for one client, and is to run on a pool. */
export class PoolAsClient extends Base {
  constructor(options?: string | PoolConfig) {
    super(optionsFrom(options))
    pools.add(this)
  }

  override connect(...given: never[]): never {
    // The suite connects once, and means nothing by it.
    if (given.length === 0 && !this.#isOpen) {
      this.#isOpen = true
      return Promise.resolve(this) as never
    }
    return (super.connect as (...args: never[]) => never)(...given)
  }

  #isOpen = false
}
// Libraries know a pool by the name of its class.
Object.defineProperty(PoolAsClient, 'name', { value: 'Pool' })

// How many reads there were, and how many of them left the primary: a suite that is not routed proves nothing.
process.once('exit', () => {
  for (const pool of pools) {
    if (!('stats' in pool)) continue
    const { reads, offload } = (pool as RoutedPool).stats()
    if (reads > 0) appendFileSync(tally, `${reads} ${Math.round(reads * offload)}\n`)
  }
})
