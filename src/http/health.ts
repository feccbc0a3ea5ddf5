import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkNames, invalid, numberOption } from '../config/validate.ts'
import { systemPlatform } from '../platform/system.ts'
import type { PoolStats } from '../observability/stats.ts'

/** The part of a pool that its health is read from. */
export interface HealthPool {
  /** Resolves when every node has been looked at. */
  ready(): Promise<void>
  stats(): PoolStats
}

/** Options of {@link healthHandler}. */
export interface HealthOptions {
  readonly pool: HealthPool
  /** Whether the process is ready only while a replica can serve reads. @defaultValue false */
  readonly needsReplica?: boolean
  /** How long readiness waits for the first look at the nodes, in milliseconds. @defaultValue 1000 */
  readonly timeoutMs?: number
}

/** Reason why a process is not ready. */
export type UnreadyReason = 'not-looked-at' | 'no-primary' | 'no-replica'

/** The health of a pool. */
export interface Health {
  readonly isReady: boolean
  /** Empty when it is ready. */
  readonly reasons: readonly UnreadyReason[]
  readonly nodes: readonly { readonly id: string; readonly role: string; readonly state: string }[]
}

/** Returns whether a pool can serve statements, and if not, why. */
export function healthOf({ nodes }: PoolStats, needsReplica: boolean = false): Health {
  const states = nodes.map(({ id, role, state }) => ({ id, role, state }))
  const reasons: UnreadyReason[] = []
  const has = (state: string): boolean => states.some((node) => node.state === state)
  if (states.every(({ state }) => state === 'pending')) reasons.push('not-looked-at')
  else {
    if (!has('primary')) reasons.push('no-primary')
    if (needsReplica && !has('replica')) reasons.push('no-replica')
  }
  return { isReady: reasons.length === 0, reasons, nodes: states }
}

/**
 * Answers the probes of an orchestrator. A path that ends in `/live` is answered with 200 while the process runs its event loop,
 * whatever the database does: a restart would not help. Every other path is answered with 200 or 503 and the health as JSON.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION or SWITCHYARD_UNKNOWN_OPTION.
 * @example
 * createServer(healthHandler({ pool })).listen(8081)
 */
export function healthHandler(
  options: HealthOptions,
): (request: Pick<IncomingMessage, 'url'>, response: ServerResponse) => Promise<void> {
  checkNames(options, new Set(['pool', 'needsReplica', 'timeoutMs']), 'healthHandler()')
  const { needsReplica = false, pool } = options
  if (typeof needsReplica !== 'boolean') throw invalid('Option "needsReplica" must be true or false')
  if (typeof pool?.ready !== 'function') throw invalid('Option "pool" must be a pool of pg-switchyard')
  const timeoutMs = numberOption('timeoutMs', options.timeoutMs, 1000, { min: 0 })
  return async ({ url = '/' }, response) => {
    if (/\/live\/?(?:$|\?)/.test(url)) return answer(response, 200, { isLive: true })
    await soon(pool.ready(), timeoutMs)
    const health = healthOf(pool.stats(), needsReplica)
    answer(response, health.isReady ? 200 : 503, health)
  }
}

/** Waits for a promise, its failure included, for a bounded time. */
function soon(promise: Promise<void>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = systemPlatform.schedule(timeoutMs, resolve)
    const over = (): void => {
      timer.cancel()
      resolve()
    }
    promise.then(over, over)
  })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
