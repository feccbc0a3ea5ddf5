import type { PoolConfig } from 'pg'
import type { Settings } from './config/settings.ts'

/** Where a server is, and who logs in there. */
const ADDRESS = ['connectionString', 'host', 'port', 'user', 'database', 'ssl'] as const

/** What `pool.options` shows of a pool with several nodes: what a connection to the first one is made of. */
export function shownOptions({ nodes, pgOptions }: Settings): PoolConfig {
  return nodes[0]?.options ?? pgOptions
}

/** Makes shown options lead to this node. As with pg.Pool, the password is there and is not enumerated. */
export function showPrimary(options: PoolConfig, primary: PoolConfig): void {
  for (const name of ADDRESS) {
    if (primary[name] === undefined) Reflect.deleteProperty(options, name)
    else Object.assign(options, { [name]: primary[name] })
  }
  if (primary.password === undefined) return
  Object.defineProperty(options, 'password', {
    value: primary.password,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}
