import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../src/cli/demo/random.ts'
import { normalizeQuery, promised } from '../../src/client/query-arguments.ts'
import type { PoolOptions } from '../../src/index.ts'
import { simulatedPool, type SimulatedPool } from '../support/simulated-pool.ts'

const STEPS = 150
/** Longer than any call may take, in milliseconds. */
const LONG_MS = 60_000

const TEXTS = [
  'begin',
  'begin read only',
  'begin isolation level repeatable read',
  'select * from users',
  `insert into users values ('a')`,
  'commit',
  'rollback',
  'commit and chain',
  'savepoint s',
  'rollback to s',
  'select 1',
  'select touch_user(1)',
  'select * from users; select 1',
  'listen news',
  `set search_path = 'app'`,
  'create temp table x (a int)',
  'select pg_advisory_lock(1)',
  `prepare transaction 'x'`,
  `commit prepared 'x'`,
]
const READS = ['select * from users', 'select 1', 'select * from users where id = 1']
const WRITE = `insert into users values ('a')`

const TIERS = { web: { share: 0.5, maxQueue: 20, maxWaitMs: 2000 }, batch: { share: 0.5, maxQueue: 3 } }

/** Random callers of one pool, and random faults of its servers. */
class Turmoil {
  readonly pool: SimulatedPool
  /** Calls that have not ended. */
  readonly open = new Map<number, string>()
  readonly #random: Random
  readonly #tiers: readonly (string | undefined)[]
  #calls = 0

  constructor(seed: number) {
    this.#random = createRandom(seed)
    const hasTiers = this.#random.chance(0.6)
    const options: PoolOptions = {
      max: 4,
      transactions: this.#random.chance(0.5) ? 'optimistic' : 'primary',
      primarySpill: { share: 0.5, over: this.#pick(['fail', 'wait']) },
      failoverTimeoutMs: 3000,
      catchUpTimeoutMs: 500,
      ...(hasTiers ? { tiers: TIERS } : {}),
    }
    this.pool = simulatedPool(options)
    this.#tiers = hasTiers ? [undefined, 'web', 'batch'] : [undefined]
  }

  async run(): Promise<void> {
    await this.pool.resolved(this.pool.router.readiness.ready())
    for (let step = 0; step < STEPS; step++) {
      const chance = this.#random.next()
      if (chance < 0.35) void this.#track(this.query(this.#pick(READS), this.#pick(this.#tiers)), 'read')
      else if (chance < 0.5) void this.#track(this.query(WRITE, this.#pick(this.#tiers)), 'write')
      else if (chance < 0.75) void this.#track(this.#useClient(), 'client')
      else if (chance < 0.82) this.#fault()
      else if (chance < 0.88) this.heal()
      else await this.pool.platform.advance(this.#random.between(0, 200))
    }
  }

  heal(): void {
    for (const server of this.pool.network.servers) {
      if (server.told === 'is silent') for (const socket of server.sockets) socket.destroy()
      server.told = server.asked = 'answers'
      server.isRunning = true
      server.resumeReplay()
    }
  }

  query(text: string, tier?: string): Promise<unknown> {
    const { dispatcher, sessions } = this.pool.router
    const session = this.#random.chance(0.5) ? sessions.context.implicit : sessions.begin({})
    const query = normalizeQuery({ text }, undefined).inTier(tier)
    return promised((done) =>
      sessions.context.run(session, () => dispatcher.submit(query, session, {}, done)),
    )
  }

  async #useClient(): Promise<void> {
    const random = this.#random
    const client = await this.pool.take({ tier: this.#pick(this.#tiers), isEager: random.chance(0.5) })
    client.on('error', () => {})
    const asked: Promise<unknown>[] = []
    for (let count = random.integer(0, 6); count > 0; count--) {
      if (random.chance(0.12) && this.#leaveCursor(client)) break
      const answer = this.#track(client.query(this.#pick(TEXTS)), 'statement of a client')
      if (random.chance(0.6)) await answer
      else asked.push(answer)
      if (random.chance(0.2)) {
        await new Promise<void>((resolve) => this.pool.platform.schedule(random.between(0, 100), resolve))
      }
    }
    if (random.chance(0.5)) await Promise.all(asked)
    client.release(this.#pick([undefined, undefined, undefined, true, new Error('its own')]))
  }

  /** Opens a cursor. Returns true if it is left open. */
  #leaveCursor(client: PoolClient): boolean {
    const cursor = client.query(new Cursor(this.#pick([WRITE, ...READS])))
    const end = this.#random.integer(0, 3)
    const read = end === 0 ? Promise.resolve() : this.#track(cursor.read(1), 'cursor')
    if (end > 1) return true
    void this.#track(
      read.then(() => cursor.close()),
      'closing of a cursor',
    )
    return false
  }

  #fault(): void {
    const { network } = this.pool
    const server = network.at(this.#pick(['p', 'a', 'b']))
    this.#pick([
      () => {
        server.told = server.asked = 'is silent'
      },
      () => {
        server.stop()
        server.start += 1
      },
      () => {
        for (const socket of server.sockets) if (this.#random.chance(0.5)) socket.destroy()
      },
      () => network.at(this.#pick(['a', 'b'])).pauseReplay(),
      () => {
        server.told = { code: '57P01', message: 'terminating connection due to administrator command' }
      },
    ])()
  }

  #track(call: Promise<unknown>, what: string): Promise<void> {
    const id = this.#calls++
    this.open.set(id, what)
    return call.then(
      () => void this.open.delete(id),
      () => void this.open.delete(id),
    )
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.integer(0, list.length - 1)] as T
  }
}

describe('after faults of all kinds', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'every call has ended, and nothing is held (seed %i)',
    async (seed) => {
      const turmoil = new Turmoil(seed)
      const { open, pool } = turmoil
      await turmoil.run()
      turmoil.heal()
      await pool.platform.advance(LONG_MS)
      expect([...open.values()]).toEqual([])
      expect(pool.busy).toBe(0)
      for (const { id, connections } of pool.router.stats().nodes) {
        const lanes = pool.router.nodes.get(id)?.reads?.laneCount ?? 0
        expect(connections.waiting).toBe(0)
        expect(connections.total - connections.idle).toBeLessThanOrEqual(lanes)
      }
      // Without replicas the primary serves reads, for which it needs a free place.
      for (const host of ['a', 'b']) pool.network.at(host).stop()
      await pool.platform.advance(8000)
      await pool.resolved(turmoil.query('select * from users'))
      await pool.end()
    },
    LONG_MS,
  )
})
