import { routedModule } from './module.ts'
import type { Pool as RoutedPool, PoolClass } from './pool-contract.ts'

/**
 * A drop-in for `pg.Pool`. Proven reads go to replicas, everything else goes to the primary, and each session reads its
 * own writes. Without replicas, and with one host, it behaves like `pg.Pool`.
 *
 * @example
 * const pool = new Pool({
 *   connectionString: 'postgres://app@primary/shop',
 *   replicas: ['postgres://app@r1/shop'],
 * })
 * const { rows } = await pool.query('SELECT * FROM orders WHERE id = $1', [7])
 */
export const Pool: PoolClass = routedModule.Pool
export type Pool = RoutedPool
