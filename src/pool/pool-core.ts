import type { QueryConfig } from 'pg'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { WaitingStatement } from '../observability/tracer.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { ReplicaOptions } from '../config/options.ts'
import type { SessionOptions } from '../router/session-options.ts'
import type { BaseCore, BasePool, PgPool } from './pool-base.ts'
import type { Session } from './session.ts'
import type { TierSource } from './tier-pool.ts'

/** Implementation of a pool, with one node or with routing. See `Pool` for its members. */
export interface PoolCore extends BaseCore {
  readonly events: RouterEventEmitter
  session(options: SessionOptions): Session
  primary(pool: BasePool): PgPool
  tier(pool: BasePool, name: string): TierSource
  explain(query: string | (QueryConfig & RouteRequest)): Promise<Explanation>
  ready(): Promise<void>
  stats(): PoolStats
  /** The statements that wait at this moment, while there are listeners to statements. */
  waiting(): readonly WaitingStatement[]
  setNodes(nodes: readonly (string | ReplicaOptions)[]): void
}
