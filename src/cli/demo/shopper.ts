import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import { CATEGORIES, cityOf, PRODUCTS, productWord } from './shop.ts'
import type { ShopStatements } from './statements.ts'
import type { Tally } from './tally.ts'

export interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** The part of a pool that a user needs. */
export interface ShopPool {
  query(text: string, values: unknown[]): Promise<Answer>
  connect(): Promise<ShopClient>
}

export interface ShopClient {
  query(text: string, values?: unknown[]): Promise<Answer>
  release(): void
}

export interface ShopperOptions {
  /** Id of the user's row. Only this user writes it and its orders. */
  readonly id: number
  readonly pool: ShopPool
  readonly statements: ShopStatements
  readonly tally: Tally
  readonly random: Random
  readonly clock: Clock
}

interface WrittenProfile {
  readonly city: unknown
  readonly version: unknown
  readonly atMs: number
}

interface PlacedOrder {
  readonly id: unknown
  readonly quantity: number
  readonly atMs: number
}

/**
 * One user of the shop. Remembers its writes and checks later reads against them. A visit must run in one session that
 * includes the writes of earlier visits. Failures are counted, not thrown.
 */
export class Shopper {
  readonly #options: ShopperOptions
  /** Expected values; `undefined` before the first write and when the outcome of the last one is unknown. */
  #profile: WrittenProfile | undefined
  #order: PlacedOrder | undefined

  constructor(options: ShopperOptions) {
    this.#options = options
  }

  /** Time since the last write with a known outcome, in milliseconds; `undefined` when there is none. */
  get sinceWriteMs(): number | undefined {
    if (this.#profile === undefined && this.#order === undefined) return undefined
    return (
      this.#options.clock.now() - Math.max(this.#profile?.atMs ?? -Infinity, this.#order?.atMs ?? -Infinity)
    )
  }

  /** Opens some page of the shop: one read. */
  browse(): Promise<void> {
    const { random, statements } = this.#options
    const kind = random.next()
    const category = random.integer(0, CATEGORIES - 1)
    return this.#tallied(async () => {
      if (kind < 0.35) await this.#read(statements.productList, [category, random.integer(500, 10_000)])
      else if (kind < 0.75) await this.#read(statements.productPage, [random.integer(1, PRODUCTS)])
      else if (kind < 0.9)
        await this.#read(statements.search, [`${productWord(category)} ${random.integer(1, 999)}%`])
      else await this.#read(statements.bestsellers, [category])
    })
  }

  /** Moves to another city: one write. */
  changeProfile(): Promise<void> {
    const { id, pool, random, statements, tally, clock } = this.#options
    const city = cityOf(random.integer(0, 1000))
    this.#profile = undefined
    return this.#tallied(async () => {
      const { rows } = await this.#timed(false, () => pool.query(statements.changeProfile, [id, city]))
      this.#profile = { city, version: rows[0]?.['version'], atMs: clock.now() }
      tally.wrote()
    })
  }

  /** Buys something: a transaction. */
  placeOrder(): Promise<void> {
    const { id, pool, random, statements, tally, clock } = this.#options
    const product = random.integer(1, PRODUCTS)
    const quantity = random.integer(1, 3)
    this.#order = undefined
    return this.#tallied(async () => {
      const client = await pool.connect()
      const send = (text: string, values?: unknown[]): Promise<Answer> =>
        this.#timed(false, () => client.query(text, values))
      try {
        await send('BEGIN')
        const taken = await send(statements.takeFromStock, [product, quantity])
        const placed = await send(statements.placeOrder, [
          id,
          product,
          quantity,
          taken.rows[0]?.['price_cents'],
        ])
        await send('COMMIT')
        this.#order = { id: placed.rows[0]?.['id'], quantity, atMs: clock.now() }
        tally.wrote()
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined)
        throw error
      } finally {
        client.release()
      }
    })
  }

  /** Reads back what it wrote, and checks it. */
  async lookBack(): Promise<void> {
    const { id, statements, tally, clock } = this.#options
    await this.#tallied(async () => {
      const expected = this.#profile
      if (expected === undefined) return
      const afterMs = clock.now() - expected.atMs
      const { rows } = await this.#read(statements.profile, [id])
      const [row] = rows
      tally.checked(
        row?.['version'] === expected.version && row?.['city'] === expected.city,
        'profile',
        afterMs,
      )
    })
    await this.#tallied(async () => {
      const expected = this.#order
      if (expected === undefined) return
      const afterMs = clock.now() - expected.atMs
      const { rows } = await this.#read(statements.recentOrders, [id])
      const [newest] = rows
      tally.checked(
        newest?.['id'] === expected.id && newest?.['quantity'] === expected.quantity,
        'order',
        afterMs,
      )
    })
  }

  #read(text: string, values: unknown[]): Promise<Answer> {
    return this.#timed(true, () => this.#options.pool.query(text, values))
  }

  async #timed(isRead: boolean, send: () => Promise<Answer>): Promise<Answer> {
    const { clock, tally } = this.#options
    const startedAtMs = clock.now()
    const answer = await send()
    tally.answered(isRead, clock.now() - startedAtMs)
    return answer
  }

  async #tallied(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#options.tally.failed(error)
    }
  }
}
