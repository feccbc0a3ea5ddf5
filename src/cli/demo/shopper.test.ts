import { describe, expect, it } from 'vitest'
import type { Clock } from './clock.ts'
import { createRandom } from './random.ts'
import { Shopper, type Answer, type ShopClient, type ShopPool } from './shopper.ts'
import { shopStatements } from './statements.ts'
import { Tally } from './tally.ts'

const statements = shopStatements('shop')

interface Data {
  readonly city: unknown
  readonly version: number
  readonly orders: readonly { readonly id: number; readonly quantity: unknown }[]
}

/** One user's part of a shop. Reads are served from the state that was there `staleBy` commits ago. */
class FakePool implements ShopPool {
  staleBy = 0
  /** Laid over every row that is read. */
  distortion: Readonly<Record<string, unknown>> = {}
  /** Text of the statement that fails. */
  failing: string | undefined
  readonly log: string[] = []
  readonly #history: Data[] = [{ city: 'Oslo', version: 0, orders: [] }]

  query(text: string, values: unknown[]): Promise<Answer> {
    return this.#answer(text, values)
  }

  async connect(): Promise<ShopClient> {
    let placed: Data | undefined
    this.log.push('connect')
    return {
      query: async (text, values = []) => {
        const answer = await this.#answer(text, values)
        const latest = this.#latest(0)
        if (text === statements.placeOrder) {
          placed = {
            ...latest,
            orders: [{ id: latest.orders.length + 1, quantity: values[2] }, ...latest.orders],
          }
          return { rows: [{ id: latest.orders.length + 1 }] }
        }
        if (text === 'COMMIT' && placed !== undefined) this.#history.push(placed)
        return answer
      },
      release: () => void this.log.push('release'),
    }
  }

  #latest(staleBy: number): Data {
    const data = this.#history[Math.max(0, this.#history.length - 1 - staleBy)]
    if (data === undefined) throw new RangeError('No data')
    return data
  }

  async #answer(text: string, values: unknown[]): Promise<Answer> {
    this.log.push(text.startsWith('SELECT') ? 'SELECT' : (text.split(' ')[0] ?? ''))
    if (text === this.failing) throw new Error('broken')
    const { orders, ...profile } = this.#latest(this.staleBy)
    if (text === statements.profile) return { rows: [{ ...profile, ...this.distortion }] }
    if (text === statements.recentOrders)
      return { rows: orders.map((order) => ({ ...order, ...this.distortion })) }
    if (text !== statements.changeProfile) return { rows: [] }
    const latest = this.#latest(0)
    const version = latest.version + 1
    this.#history.push({ ...latest, city: values[1], version })
    return { rows: [{ version }] }
  }
}

function setUp(): { pool: FakePool; tally: Tally; shopper: Shopper; clock: { nowMs: number } } {
  const pool = new FakePool()
  const tally = new Tally()
  const time = { nowMs: 0 }
  const clock: Clock = { now: () => time.nowMs, pause: () => Promise.resolve(), isOver: false }
  const shopper = new Shopper({ id: 1, pool, statements, tally, random: createRandom(1), clock })
  return { pool, tally, shopper, clock: time }
}

describe('a user of the shop', () => {
  it('finds what it wrote when the pool is right', async () => {
    const { tally, shopper } = setUp()
    await shopper.changeProfile()
    await shopper.lookBack()
    await shopper.placeOrder()
    await shopper.lookBack()
    expect([tally.checks, tally.violations, tally.errors, tally.writes]).toEqual([3, 0, 0, 2])
  })

  it('has nothing to check before it wrote', async () => {
    const { pool, tally, shopper } = setUp()
    await shopper.lookBack()
    expect(shopper.sinceWriteMs).toBeUndefined()
    expect([tally.checks, pool.log.length]).toEqual([0, 0])
  })

  it.each(['changeProfile', 'placeOrder'] as const)(
    'notices a stale read after %s, and names when',
    async (write) => {
      const { pool, tally, shopper, clock } = setUp()
      await shopper[write]()
      clock.nowMs = 40
      pool.staleBy = 1
      await shopper.lookBack()
      expect([tally.checks, tally.violations]).toEqual([1, 1])
      expect(tally.staleReads).toEqual([{ what: write === 'placeOrder' ? 'order' : 'profile', afterMs: 40 }])
    },
  )

  it.each([
    ['changeProfile', { city: 'Atlantis' }],
    ['changeProfile', { version: 0 }],
    ['placeOrder', { id: 0 }],
    ['placeOrder', { quantity: 0 }],
  ] as const)('after %s notices %o', async (write, distortion) => {
    const { pool, tally, shopper } = setUp()
    await shopper[write]()
    pool.distortion = distortion
    await shopper.lookBack()
    expect([tally.checks, tally.violations]).toEqual([1, 1])
  })

  it.each(['changeProfile', 'placeOrder'] as const)(
    'after %s notices that there is nothing',
    async (write) => {
      const { pool, tally, shopper } = setUp()
      await shopper[write]()
      pool.query = async () => ({ rows: [] })
      await shopper.lookBack()
      expect([tally.checks, tally.violations]).toEqual([1, 1])
    },
  )

  it('expects nothing any more when the outcome of a second write is unknown', async () => {
    const { pool, tally, shopper } = setUp()
    await shopper.changeProfile()
    await shopper.placeOrder()
    pool.failing = 'COMMIT'
    await shopper.placeOrder()
    pool.failing = statements.changeProfile
    await shopper.changeProfile()
    await shopper.lookBack()
    expect([tally.errors, tally.checks, shopper.sinceWriteMs]).toEqual([2, 0, undefined])
  })

  it('notices that an answer goes back in time later on', async () => {
    const { pool, tally, shopper } = setUp()
    await shopper.changeProfile()
    await shopper.changeProfile()
    await shopper.lookBack()
    pool.staleBy = 1
    await shopper.lookBack()
    expect([tally.checks, tally.violations]).toEqual([2, 1])
  })

  it('orders in a transaction over one client, and gives it back', async () => {
    const { pool, shopper } = setUp()
    await shopper.placeOrder()
    expect(pool.log).toEqual(['connect', 'BEGIN', 'UPDATE', 'INSERT', 'COMMIT', 'release'])
  })

  it('rolls back an order that fails, tallies it, and expects nothing of it', async () => {
    const { pool, tally, shopper } = setUp()
    pool.failing = statements.placeOrder
    await shopper.placeOrder()
    expect(pool.log).toEqual(['connect', 'BEGIN', 'UPDATE', 'INSERT', 'ROLLBACK', 'release'])
    expect([tally.errors, tally.writes, shopper.sinceWriteMs]).toEqual([1, 0, undefined])
  })

  it('tallies a read that fails, and makes no violation of it', async () => {
    const { pool, tally, shopper } = setUp()
    await shopper.changeProfile()
    pool.failing = statements.profile
    await shopper.lookBack()
    expect([tally.errors, tally.checks, tally.violations]).toEqual([1, 0, 0])
  })

  it('counts as reads what it reads, and every statement', async () => {
    const { tally, shopper } = setUp()
    for (let i = 0; i < 50; i++) await shopper.browse()
    await shopper.placeOrder()
    expect([tally.queries, tally.reads]).toEqual([54, 50])
  })
})
