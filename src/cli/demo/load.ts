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

export interface LoadPool extends ShopPool {
  withSession<T>(fn: () => T): T
}

export interface LoadOptions {
  readonly pool: LoadPool
  readonly statements: ShopStatements
  readonly tally: Tally
  readonly clock: Clock
  readonly seed: number
  readonly windowMs: number
}

/** Lets 200 users come and go, each in a session of their own, until the clock says that it is over. */
export async function runLoad(options: LoadOptions): Promise<void> {
  const permits = new Permits(CONCURRENCY)
  const ids = Array.from({ length: USERS }, (_unused, index) => index + 1)
  await Promise.all(ids.map((id) => options.pool.withSession(() => live(id, permits, options))))
}

async function live(id: number, permits: Permits, options: LoadOptions): Promise<void> {
  const { clock, seed, windowMs } = options
  // Far apart in the generator's sequence, so that no user repeats another one's steps.
  const random = createRandom(seed ^ Math.imul(id, 0x9e3779b1))
  const shopper = new Shopper({ id, random, ...options })
  await clock.pause(random.between(0, 1000))
  while (!clock.isOver) {
    const awayMs = await permits.run(async () =>
      clock.isOver ? 0 : visit({ shopper, random, clock, windowMs }),
    )
    await clock.pause(awayMs)
  }
}
