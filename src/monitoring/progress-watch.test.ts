import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow, type FakeServer } from '../../test/support/fake-servers.ts'
import { MonitorBench } from '../../test/support/monitor-bench.ts'
import { formatLsn } from '../topology/lsn.ts'

/** A primary `a` that commits at given moments, and a replica `b` that shows each commit so many milliseconds later. */
class Ground extends MonitorBench {
  delayMs: number
  readonly #commits: number[] = []

  constructor(delayMs: number) {
    super(['a', 'b'])
    this.delayMs = delayMs
    const lsnAt = (ms: number): string =>
      formatLsn(0x1000n + BigInt(this.#commits.filter((atMs) => atMs <= ms).length))
    answer(this.network.at('a'), () => primaryRow(lsnAt(this.platform.now()), 'a'))
    answer(this.network.at('b'), () => replicaRow(lsnAt(this.platform.now() - this.delayMs), 'b'))
  }

  commit(): number {
    this.#commits.push(this.platform.now())
    return this.platform.now()
  }

  get freshAsOfMs(): number {
    return this.node('b').lag?.freshAsOfMs ?? Number.NaN
  }

  /** Time until the replica is proven to show what was committed before `sinceMs`, while reads are held back by it. */
  async followedFor(sinceMs: number, longestMs = 1000): Promise<number> {
    const startMs = this.platform.now()
    while (this.freshAsOfMs < sinceMs && this.platform.now() - startMs < longestMs) {
      this.monitor.follow()
      await this.platform.advance(0.5)
    }
    return this.platform.now() - startMs
  }
}

function answer(server: FakeServer, row: () => FakeServer['row']): void {
  Object.defineProperty(server, 'row', { get: row })
}

let open: Ground | undefined
async function ground(delayMs: number): Promise<Ground> {
  open = new Ground(delayMs)
  await open.monitor.settled()
  await open.platform.advance(200)
  return open
}

afterEach(async () => {
  await open?.monitor.close()
  const { pendingTimers = 0 } = open?.platform ?? {}
  if (pendingTimers > 0) throw new Error(`The monitor has left ${pendingTimers} timers`)
})

describe('follow', () => {
  it.each([
    [0, 2],
    [0.4, 3],
    [1, 4],
    [20, 40],
    [80, 150],
  ])('proves a commit soon after a replica that is %d ms behind shows it', async (delayMs, withinMs) => {
    const g = await ground(delayMs)
    const sinceMs = g.commit()
    const tookMs = await g.followedFor(sinceMs)
    expect(tookMs).toBeGreaterThanOrEqual(delayMs)
    expect(tookMs).toBeLessThanOrEqual(withinMs)
  })

  it.each([20, 40])(
    'asks a replica that is known to be %d ms behind when it should show it',
    async (delayMs) => {
      const g = await ground(delayMs)
      for (let round = 0; round < 4; round++) {
        await g.followedFor(g.commit())
        await g.platform.advance(300)
      }
      const before = g.network.at('b').probes
      const tookMs = await g.followedFor(g.commit())
      expect(tookMs).toBeLessThanOrEqual(delayMs * 1.3 + 2)
      expect(g.network.at('b').probes - before).toBeLessThanOrEqual(3)
    },
  )

  it.each([0.4, 20, 200])('is bounded while reads are held back all day (%d ms behind)', async (delayMs) => {
    const g = await ground(delayMs)
    const pass = async (seconds: number): Promise<void> => {
      for (let ms = 0; ms < seconds * 1000; ms += 1) {
        g.commit()
        for (let calls = 0; calls < 3; calls++) g.monitor.follow()
        g.monitor.used()
        await g.platform.advance(1)
      }
    }
    await pass(2)
    const before = g.probes('a', 'b')
    await pass(5)
    const rates = g.probes('a', 'b').map((count, index) => (count - (before[index] ?? 0)) / 5)
    for (const rate of rates) expect(rate).toBeLessThanOrEqual(25)
    for (const rate of rates) expect(rate).toBeGreaterThan(10)
    expect(g.platform.now() - g.freshAsOfMs).toBeLessThan(delayMs + 150)
  })

  it('stops soon after the last call, and leaves no timer', async () => {
    const g = await ground(20)
    const timers = g.platform.pendingTimers
    await g.followedFor(g.commit())
    await g.platform.advance(100)
    const before = g.probes('a', 'b')
    await g.platform.advance(100)
    expect(g.probes('a', 'b')).toEqual(before)
    expect(g.platform.pendingTimers).toBe(timers)
    expect(g.platform.heldOpen).toBe(0)
  })

  it('gives up a replica that does not move', async () => {
    const g = await ground(1e9)
    g.commit()
    g.monitor.follow()
    await g.platform.advance(150)
    const before = g.probes('a', 'b')
    await g.platform.advance(100)
    expect(g.probes('a', 'b')).toEqual(before)
  })

  it('sends no query again for what is proven', async () => {
    const g = await ground(0)
    g.monitor.follow()
    await g.platform.advance(1)
    expect(g.probes('a', 'b')).toEqual([2, 2])
    await g.platform.advance(90)
    expect(g.probes('a', 'b')).toEqual([2, 2])
  })

  it('does nothing while the cluster rests, or after the end', async () => {
    const g = await ground(0)
    g.isInUse = false
    await g.platform.advance(120_000)
    expect(g.rests).toBe(1)
    const before = g.probes('a', 'b')
    g.monitor.follow()
    await settle()
    expect(g.platform.pendingTimers).toBe(0)
    await g.monitor.close()
    g.monitor.follow()
    await settle()
    expect(g.probes('a', 'b')).toEqual(before)
  })

  it('goes on with the others when the primary or a replica is silent', async () => {
    const g = await ground(1)
    g.network.at('b').querying = 'is silent'
    g.commit()
    g.monitor.follow()
    await g.platform.advance(30)
    const [before = 0] = g.probes('a')
    g.commit()
    await g.followedFor(g.platform.now(), 100)
    expect(g.probes('a')[0]).toBeGreaterThan(before)
    // The question to the silent one ends by its timeout.
    await g.monitor.close()
    await g.platform.advance(10_000)
  })
})

describe('a wait for the time of a write', () => {
  it.each([
    [0.4, 3],
    [5, 10],
    [20, 30],
    [60, 75],
  ])('ends soon after a replica that is %d ms behind shows it', async (delayMs, withinMs) => {
    const g = await ground(delayMs)
    const sinceMs = g.commit()
    const shows = (): boolean => g.freshAsOfMs >= sinceMs
    const passed = g.monitor.awaitProgress(shows, 1000)
    let tookMs = 0
    for (; !shows() && tookMs < 1000; tookMs += 0.5) await g.platform.advance(0.5)
    expect(await passed).toBe(true)
    expect(tookMs).toBeLessThanOrEqual(withinMs)
  })

  it('asks at a bounded rate, however many wait', async () => {
    const g = await ground(20)
    const pass = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 1) {
        const sinceMs = g.commit()
        void g.monitor.awaitProgress(() => g.freshAsOfMs >= sinceMs, 1000)
        await g.platform.advance(1)
      }
    }
    await pass(500)
    const before = g.probes('a', 'b')
    await pass(1000)
    for (const [index, count] of g.probes('a', 'b').entries()) {
      expect(count - (before[index] ?? 0)).toBeLessThanOrEqual(110)
    }
  })
})
