import type { Clock } from './clock.ts'
import { Permits } from './permits.ts'
import { createRandom } from './random.ts'
import { Shopper, type ShopPool } from './shopper.ts'
import type { ShopStatements } from './statements.ts'
import type { Tally } from './tally.ts'
import { visit } from './visit.ts'

const USERS = 200
/** Visits at the same time. */
const CONCURRENCY = 24

/** What a visit leaves for the next one, as a cookie would. */
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
 * Lets 200 users come and go until the clock says that it is over. Each visit is a session; a user who wrote brings the token
 * of that visit along to the next ones.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const permits = new Permits(CONCURRENCY)
  const ids = Array.from({ length: USERS }, (_unused, index) => index + 1)
  await Promise.all(ids.map((id) => live(id, permits, options)))
}

async function live(id: number, permits: Permits, options: LoadOptions): Promise<void> {
  const { clock, pool, seed, windowMs } = options
  // Far apart in the generator's sequence, so that no user repeats another one's steps.
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
