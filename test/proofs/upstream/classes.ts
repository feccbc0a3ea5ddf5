import { appendFileSync } from 'node:fs'
import { Pool as PgPool, type PoolConfig } from 'pg'
import { Pool as RoutedPool, type PoolOptions } from '../../../src/index.ts'
import { readPlug } from './plug.ts'

const { isRouted, overrideServer, primary, replicas, checkout, tally } = readPlug()

function optionsFrom(given: string | PoolConfig | undefined): PoolOptions {
  const options = typeof given === 'string' ? { connectionString: given } : given
  const { database: _, ...server } = primary
  const cluster = isRouted && replicas.length > 0 ? { replicas, checkout, logger: false as const } : {}
  return {
    ...options,
    ...(overrideServer ? server : {}),
    ...cluster,
  }
}

const Base: typeof PgPool = isRouted ? (RoutedPool as unknown as typeof PgPool) : PgPool

/** Those whose reads have not been added up. */
const pools = new Set<PgPool>()

/** A suite that is not routed proves nothing: how many reads there were, and how many of them left the primary. */
function addUp(pool: PgPool): void {
  if (!pools.delete(pool) || !('stats' in pool)) return
  const { reads, offload } = (pool as unknown as InstanceType<typeof RoutedPool>).stats()
  if (reads > 0) appendFileSync(tally, `${reads} ${Math.round(reads * offload)}\n`)
}
process.once('exit', () => pools.forEach(addUp))

/** The pool under test, or what it is compared with, on the cluster. */
export class Pool extends Base {
  constructor(options?: string | PoolConfig) {
    super(optionsFrom(options))
    pools.add(this)
  }

  override end(...given: never[]): never {
    addUp(this)
    return (super.end as (...args: never[]) => never)(...given)
  }
}

/** For a suite that is written for one client, and is to run on a pool. */
export class PoolAsClient extends Pool {
  #isOpen = false

  override connect(...given: never[]): never {
    if (this.#isOpen || given.length > 0) return (super.connect as (...args: never[]) => never)(...given)
    // The suite connects its client once, and means nothing by it.
    this.#isOpen = true
    return Promise.resolve(this) as never
  }
}
// Libraries know a pool by the name of its class.
Object.defineProperty(PoolAsClient, 'name', { value: 'Pool' })
