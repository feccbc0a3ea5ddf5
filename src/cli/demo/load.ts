import type { Clock } from './clock.ts'
import { Permits } from './permits.ts'
import { createRandom } from './random.ts'
import { Shopper, type ShopPool } from './shopper.ts'
import type { ShopStatements } from './statements.ts'
import type { Tally } from './tally.ts'
import { visit } from './visit.ts'

const USERS = 200
/** Number of concurrent visits. */
const CONCURRENCY = 24

/** The state of a visit that the next one needs, like a cookie. */
interface VisitSession {
  readonly wrote: boolean
  token(): Promise<string | undefined>
}

export interface LoadPool extends ShopPool {
  withSession<T>(options: { readonly token?: string | undefined }, fn: (session: VisitSession) => T): T
}

export interface LoadOptions {
  readonly pool: LoadPool
  readonly statements: ShopStatements
  readonly tally: Tally
  readonly clock: Clock
  readonly seed: number
  readonly windowMs: number
}

/**
 * Simulates 200 users until the clock is over. Each visit is a session; after a write the user passes the session's
 * token to later visits.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const permits = new Permits(CONCURRENCY)
  const ids = Array.from({ length: USERS }, (_unused, index) => index + 1)
  await Promise.all(ids.map((id) => live(id, permits, options)))
}

async function live(id: number, permits: Permits, options: LoadOptions): Promise<void> {
  const { clock, pool, seed, windowMs } = options
  // Distant seeds, so that no user repeats another one's steps.
  const random = createRandom(seed ^ Math.imul(id, 0x9e3779b1))
  const shopper = new Shopper({ id, random, ...options })
  let token: string | undefined
  const visitOnce = (): Promise<number> =>
    pool.withSession({ token }, async (session) => {
      const awayMs = await visit({ shopper, random, clock, windowMs })
      if (session.wrote) token = await session.token()
      return awayMs
    })
  await clock.pause(random.between(0, 1000))
  while (!clock.isOver) {
    const awayMs = await permits.run(async () => (clock.isOver ? 0 : visitOnce()))
    await clock.pause(awayMs)
  }
}
