import { routedModule } from './module.ts'
import type { Pool as RoutedPool, PoolClass } from './pool-contract.ts'

/**
 * A drop-in for `pg.Pool`. Proven reads go to the replicas, everything else to the primary, and what a session wrote it
 * reads. Without replicas, and with one host, it behaves as `pg.Pool` does.
 */
export const Pool: PoolClass = routedModule.Pool
export type Pool = RoutedPool
