import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkNames, invalid, numberOption } from '../config/validate.ts'
import { systemPlatform } from '../platform/system.ts'
import type { PoolStats } from '../observability/stats.ts'

/**
 * The part of a pool that its health is read from.
 *
 * @example
 * const isReady = async (of: HealthPool) => healthOf(of.stats()).isReady
 */
export interface HealthPool {
  /** Resolves when every node has been looked at. */
  ready(): Promise<void>
  stats(): PoolStats
  query(text: string): Promise<unknown>
}

/**
 * Options of {@link healthHandler}.
 *
 * @example
 * const options: HealthOptions = { pool, needsReplica: true }
 */
export interface HealthOptions {
  /** Pool that the process needs. */
  readonly pool: HealthPool
  /** Whether the process is ready only while a replica can serve reads. @defaultValue false */
  readonly needsReplica?: boolean
  /** How long readiness waits for the first look at the nodes, in milliseconds. @defaultValue 1000 */
  readonly timeoutMs?: number
}

/**
 * Reason why a process is not ready.
 *
 * @example
 * const isStarting = (reason: UnreadyReason) => reason === 'not-looked-at'
 */
export type UnreadyReason = 'not-looked-at' | 'no-primary' | 'no-replica'

/**
 * The health of a pool.
 *
 * @example
 * const health: Health = healthOf(pool.stats())
 */
export interface Health {
  readonly isReady: boolean
  /** Empty when it is ready. */
  readonly reasons: readonly UnreadyReason[]
  readonly nodes: readonly { readonly id: string; readonly role: string; readonly state: string }[]
}

/**
 * Returns whether a pool can serve statements, and if not, why. Of a pool of one node, which is not watched, nothing is
 * known, so it counts as one that can.
 *
 * @example
 * const { isReady, reasons } = healthOf(pool.stats())
 */
export function healthOf({ nodes }: PoolStats, needsReplica: boolean = false): Health {
  const states = nodes.map(({ id, role, state }) => ({ id, role, state }))
  const reasons: UnreadyReason[] = []
  const has = (state: string): boolean => states.some((node) => node.state === state)
  if (states.length > 0 && states.every(({ state }) => state === 'pending')) reasons.push('not-looked-at')
  else {
    if (states.length > 0 && !has('primary')) reasons.push('no-primary')
    if (needsReplica && !has('replica')) reasons.push('no-replica')
  }
  return { isReady: reasons.length === 0, reasons, nodes: states }
}

/**
 * Answers the probes of an orchestrator. A path that ends in `/live` is answered with 200 while the process runs its
 * event loop. The database does not matter: a restart would not help. Every other path is answered with 200 or 503 and
 * the health as JSON. A pool of one node is queried for an answer.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION or SWITCHYARD_UNKNOWN_OPTION.
 * @example
 * import { createServer } from 'node:http'
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
  // One question at a time: a server that does not answer must not collect them.
  let asked: Promise<unknown> | undefined
  const ask = (): Promise<unknown> =>
    (asked ??= pool.query('SELECT 1').finally(() => {
      asked = undefined
    }))
  const health = async (): Promise<Health> => {
    await succeeds(pool.ready(), timeoutMs)
    const seen = healthOf(pool.stats(), needsReplica)
    if (seen.nodes.length > 0 || (await succeeds(ask(), timeoutMs))) return seen
    return { ...seen, isReady: false, reasons: ['no-primary', ...seen.reasons] }
  }
  return async ({ url = '/' }, response) => {
    if (/\/live\/?(?:$|\?)/.test(url)) return answer(response, 200, { isLive: true })
    const found = await health()
    answer(response, found.isReady ? 200 : 503, found)
  }
}

/** Whether a promise is fulfilled within a bounded time. */
function succeeds(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = systemPlatform.schedule(timeoutMs, () => resolve(false))
    const over = (isFulfilled: boolean): void => {
      timer.cancel()
      resolve(isFulfilled)
    }
    promise.then(
      () => over(true),
      () => over(false),
    )
  })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
