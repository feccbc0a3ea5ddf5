import type { QueryConfig } from 'pg'
import type { PoolOptions } from '../../src/config/options.ts'
import type { Explanation } from '../../src/observability/explain.ts'
import type { RouteRequest } from '../../src/routing/decide.ts'
import { hostOf, simulatedPool } from './simulated-pool.ts'
import { callers, clusters, sessions } from './situations.ts'

/** A statement, and what there is when it is asked for. */
export interface Situation {
  readonly cluster?: string
  readonly session?: string
  readonly by?: string
  /** Statements that its client has run before. */
  readonly before?: readonly string[]
  readonly options?: PoolOptions
}

/**
 * A statement in a situation, the decision about it, and the nodes that it then reaches, in order. A decision is its role, its
 * reason and its candidates, `(p)` for a fallback, `p sooner` for a primary that is quicker, `a!` for a last resort, `a*` for an address of several servers, `=p` for a
 * connection that is held; then the nodes that are none, or come last, and why.
 */
export type DecisionCase = readonly [
  query: string | (Partial<QueryConfig> & RouteRequest),
  situation: Situation,
  decision: string,
  reached: string,
]

/** The decision about a statement, as text, and the nodes that it has reached. */
export async function decisionIn(
  query: DecisionCase[0],
  { before = [], by = 'pool', cluster = 'well', options = {}, session = 'none' }: Situation,
): Promise<readonly [decision: string, reached: string]> {
  const state = named(clusters, cluster)
  // A BEGIN that is held back reaches no node by itself.
  const defaults: PoolOptions = { failoverTimeoutMs: 500, pipelineBegin: false }
  const pool = simulatedPool({ ...defaults, ...state.options, ...options }, state.before)
  const { router } = pool
  try {
    if (state.isUnready !== true) await pool.resolved(router.readiness.ready())
    await state.after?.(pool)
    const current = await named(sessions, session)(pool)
    const { explained, leave, run } = await named(callers, by)(pool, query, current, before)
    const { received } = pool.network
    received.length = 0
    const failure = await run().then(
      () => '',
      (error: Error) => String(Reflect.get(error, 'code') ?? error.message),
    )
    leave?.()
    const sql = typeof query === 'string' ? query : query.text
    const reached = received.filter((each) => each.sql === sql).map(({ host }) => host)
    return [shown(explained), [...reached, failure].join(' ').trim()]
  } finally {
    await pool.end()
  }
}

function shown({ plan, route }: Explanation): string {
  const candidates = plan.candidates.map(({ balanced, node, reason }) => {
    const host = hostOf(node) + (balanced ? '*' : '')
    if (reason === 'fallback') return `(${host})`
    if (reason === 'last-resort') return `${host}!`
    if (reason === 'sooner') return `${host} sooner`
    return reason === 'held' ? `=${host}` : host
  })
  const rejected = plan.rejected.map(({ node, reason }) => `${hostOf(node)} ${reason}`)
  const decision = [`${route.role} ${route.reason}:`, ...candidates].join(' ')
  return [decision, ...rejected].join('; ')
}

function named<T>(all: Readonly<Record<string, T>>, name: string): T {
  const found = all[name]
  if (found === undefined) throw new Error(`Nothing is called ${JSON.stringify(name)}`)
  return found
}
