import { routedModule } from './module.ts'
import type { Pool as RoutedPool, PoolClass } from './pool-contract.ts'

/**
 * A drop-in for `pg.Pool`. Proven reads go to replicas, everything else goes to the primary, and each session reads its
 * own writes. Without replicas, and with one host, it behaves like `pg.Pool`.
 */
export const Pool: PoolClass = routedModule.Pool
export type Pool = RoutedPool
