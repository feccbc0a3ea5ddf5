import type { Client, PoolClient } from 'pg'
import type { Suitability } from './custom-settings.ts'

/** Receives a connection or an error, as from pg-pool. */
type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error | boolean) => void) => void

/** Members of pg-pool that its types lack. */
interface Pending {
  readonly callback: Connected
  readonly timedOut: boolean
}
interface Idle {
  readonly client: Client & { ref?(): void }
  readonly idleListener: (error: Error) => void
  readonly timeoutId: NodeJS.Timeout | undefined
}
interface Internals {
  readonly _clients: readonly Client[]
  readonly _idle: Idle[]
  readonly ending: boolean
  readonly options: { readonly max: number }
  newClient(pending: Pending): void
  _acquireClient(client: Client, pending: Pending, idleListener: Idle['idleListener'], isNew: boolean): void
  _remove(client: Client): void
}

/**
 * Takes a connection from a pg-pool, one that suits the caller if an idle one does. If none of the idle ones does, a
 * new one is opened, in place of an idle one where the pool is full. While all are in use, the caller waits for its
 * turn and may get one that does not suit.
 * @param connect Takes a connection as pg-pool does.
 */
export function connectSuiting(
  pool: object,
  suitability: (client: PoolClient) => Suitability,
  connect: (callback: Connected) => unknown,
  callback: Connected,
): void {
  if (!hasInternals(pool) || pool.ending || pool._idle.length === 0) return void connect(callback)
  const pending: Pending = { callback, timedOut: false }
  const item = bestOf(pool._idle, suitability)
  if (item === undefined) {
    const oldest = pool._idle[0]
    if (pool._clients.length >= pool.options.max && oldest !== undefined) pool._remove(oldest.client)
    return pool.newClient(pending)
  }
  pool._idle.splice(pool._idle.indexOf(item), 1)
  clearTimeout(item.timeoutId)
  const { client, idleListener } = item
  client.ref?.()
  // pg-pool never calls back at once.
  process.nextTick(() => {
    if (pool._clients.includes(client)) pool._acquireClient(client, pending, idleListener, false)
    else connectSuiting(pool, suitability, connect, callback)
  })
}

/** Returns the idle connection that suits best, the latest among equals; undefined if none does. */
function bestOf(idle: readonly Idle[], suitability: (client: PoolClient) => Suitability): Idle | undefined {
  let best: Idle | undefined
  let most: Suitability = 0
  for (const item of idle.toReversed()) {
    const grade = suitability(item.client as PoolClient)
    if (grade > most) {
      best = item
      most = grade
    }
  }
  return best
}

function hasInternals(pool: object): pool is Internals {
  const { _acquireClient, _clients, _idle, _remove, newClient } = pool as Partial<Internals>
  const areMethods = [_acquireClient, _remove, newClient].every((method) => typeof method === 'function')
  return areMethods && Array.isArray(_clients) && Array.isArray(_idle)
}
