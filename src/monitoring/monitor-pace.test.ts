import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MAX_LAG, MonitorBench } from '../../test/support/monitor-bench.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import { FAST_FOR_MS, IDLE_AFTER_MS } from './pace.ts'

const CAUSE = new Error('connect ECONNREFUSED')
const FAST_MS = 50
const SLOW_MS = 10 * INTERVAL_MS
const hasPrimary = ({ primary }: Snapshot): boolean => primary !== undefined

let open: MonitorBench | undefined
async function bench(ids?: readonly string[]): Promise<MonitorBench> {
  open = new MonitorBench(ids)
  await open.monitor.settled()
  return open
}

afterEach(async () => {
  await open?.monitor.close()
})

/** Probes that reach each node while time passes and statements come. */
async function probesIn(b: MonitorBench, ms: number, isUsed = true): Promise<readonly number[]> {
  const ids = b.monitor.snapshot.nodes.map(({ id }) => id)
  const count = (): readonly number[] =>
    ids.map((id) => b.network.at(id).connections + b.network.at(id).probes)
  const before = count()
  for (let passed = 0; passed < ms; passed += INTERVAL_MS) {
    if (isUsed) b.monitor.used()
    await b.platform.advance(INTERVAL_MS)
  }
  return count().map((each, index) => each - (before[index] ?? 0))
}

describe('the pace', () => {
  it('while statements come, is one probe an interval', async () => {
    const b = await bench(['a', 'b'])
    expect(await probesIn(b, 40 * INTERVAL_MS)).toEqual([40, 40])
  })

  it('slows down when none comes, and a statement has all nodes probed at once', async () => {
    const b = await bench(['a', 'b'])
    await probesIn(b, IDLE_AFTER_MS, false)
    expect(await probesIn(b, 4 * SLOW_MS, false)).toEqual([4, 4])
    const [before = 0] = b.probes('a')
    b.monitor.used()
    await settle()
    expect(b.probes('a', 'b')).toEqual([before + 1, before + 1])
    b.monitor.used()
    await settle()
    expect(b.probes('a', 'b')).toEqual([before + 1, before + 1])
    expect(await probesIn(b, 4 * INTERVAL_MS)).toEqual([4, 4])
  })

  it('is fast while there is no primary, and normal when that lasts', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('a').connecting = CAUSE
    b.network.at('a').newestClient.breakOff()
    const [, first = 0] = await probesIn(b, INTERVAL_MS)
    expect(first).toBeGreaterThanOrEqual(INTERVAL_MS / FAST_MS - 1)
    await probesIn(b, FAST_FOR_MS)
    expect(await probesIn(b, 10 * INTERVAL_MS)).toEqual([10, 10])
  })

  it('brings forward what was due later when the primary is lost', async () => {
    const b = await bench(['a', 'b'])
    await probesIn(b, IDLE_AFTER_MS + SLOW_MS, false)
    b.network.at('a').connecting = CAUSE
    b.network.at('a').newestClient.breakOff()
    b.network.at('b').row = primaryRow('0/1000', 'b', '7000', '00000002')
    await b.platform.advance(FAST_MS)
    expect(b.shown).toBe('down primary')
  })
})

describe('awaitSnapshot', () => {
  /** Records the result of the promise. */
  function seen(promise: Promise<boolean>): { passed: boolean | undefined } {
    const result: { passed: boolean | undefined } = { passed: undefined }
    void promise.then((passed) => (result.passed = passed))
    return result
  }

  it('is true at once when the present snapshot passes', async () => {
    const b = await bench(['a'])
    expect(await b.monitor.awaitSnapshot(hasPrimary, 100)).toBe(true)
    expect(b.platform.heldOpen).toBe(0)
  })

  it('begins to probe by itself', async () => {
    open = new MonitorBench(['a'])
    expect(await open.monitor.awaitSnapshot(hasPrimary, 100)).toBe(true)
  })

  it('is true with the first snapshot that passes, and probes fast meanwhile', async () => {
    const b = await bench(['a', 'b'])
    await b.platform.advance(100)
    const result = seen(b.monitor.awaitSnapshot((next) => (next.nodes[1]?.lag?.bytes ?? 0) > 0, 5000))
    expect(b.platform.heldOpen).toBe(1)
    const before = b.network.at('b').probes
    await b.platform.advance(1000)
    expect(b.network.at('b').probes - before).toBeGreaterThanOrEqual(1000 / FAST_MS)
    expect(result.passed).toBeUndefined()
    b.network.at('a').row = primaryRow('0/3000', 'a')
    await b.platform.advance(FAST_MS)
    expect(result.passed).toBe(true)
    expect(b.platform.heldOpen).toBe(0)
    expect(await probesIn(b, 10 * INTERVAL_MS)).toEqual([10, 10])
  })

  it('is false when the time is over', async () => {
    const b = await bench(['a'])
    const result = seen(b.monitor.awaitSnapshot(() => false, 300))
    await b.platform.advance(299)
    expect(result.passed).toBeUndefined()
    await b.platform.advance(1)
    expect([result.passed, b.platform.heldOpen]).toEqual([false, 0])
  })

  it('is false when the monitor is closed, before or meanwhile', async () => {
    const b = await bench(['a'])
    const result = seen(b.monitor.awaitSnapshot(() => false, 300))
    await b.monitor.close()
    expect(result.passed).toBe(false)
    expect(await b.monitor.awaitSnapshot(() => true, 300)).toBe(false)
    expect([b.platform.pendingTimers, b.platform.heldOpen]).toEqual([0, 0])
  })

  it('a single waiting caller is served as several are', async () => {
    const b = await bench(['a'])
    const results = [100, 200].map((timeoutMs) => seen(b.monitor.awaitSnapshot(() => false, timeoutMs)))
    await b.platform.advance(100)
    expect([results.map(({ passed }) => passed), b.platform.heldOpen]).toEqual([[false, undefined], 1])
    await b.platform.advance(100)
    expect([results.map(({ passed }) => passed), b.platform.heldOpen]).toEqual([[false, false], 0])
  })

  it('begun again and again, it asks for no more than the fast pace', async () => {
    const b = await bench(['a'])
    const [before = 0] = b.probes('a')
    for (let i = 0; i < 500; i++) {
      const waited = b.monitor.awaitSnapshot(() => false, 1)
      await b.platform.advance(2)
      await waited
    }
    expect((b.probes('a')[0] ?? 0) - before).toBeLessThanOrEqual(1000 / FAST_MS + 1)
  })
})

describe('too far behind', () => {
  const isFar = (b: MonitorBench): boolean | undefined => b.node('b').isTooFarBehind

  it('in bytes: out beyond the bound, back at half of it', async () => {
    const b = await bench(['a', 'b'])
    const lsn = (bytes: number): string => `0/${(0x1000 + bytes).toString(16)}`
    const written = async (bytes: number): Promise<boolean | undefined> => {
      b.network.at('a').row = primaryRow(lsn(2 * MAX_LAG.bytes), 'a')
      b.network.at('b').row = replicaRow(lsn(2 * MAX_LAG.bytes - bytes), 'b')
      await b.monitor.refresh()
      await b.monitor.refresh()
      return isFar(b)
    }
    expect(await written(MAX_LAG.bytes)).toBeUndefined()
    expect(await written(MAX_LAG.bytes + 1)).toBe(true)
    expect(await written(MAX_LAG.bytes / 2 + 1)).toBe(true)
    expect(await written(MAX_LAG.bytes / 2)).toBeUndefined()
  })

  it('in time, and it stays so while its lag is not known', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('a').row = primaryRow('0/2000', 'a')
    await probesIn(b, MAX_LAG.ms)
    expect(isFar(b)).toBeUndefined()
    await probesIn(b, 2 * INTERVAL_MS)
    expect(isFar(b)).toBe(true)
    b.network.at('b').row = replicaRow(null, 'b')
    await b.monitor.refresh()
    expect([b.node('b').lag, isFar(b)]).toEqual([undefined, true])
    b.network.at('b').row = replicaRow('0/2000', 'b')
    await b.monitor.refresh()
    expect(isFar(b)).toBeUndefined()
  })

  it('is judged as of when the primary was last seen: without one, no replica falls behind', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('a').row = primaryRow('0/2000', 'a')
    await b.monitor.refresh()
    b.network.at('a').connecting = CAUSE
    b.network.at('a').newestClient.breakOff()
    await probesIn(b, 5 * MAX_LAG.ms)
    expect(b.shown).toBe('down replica')
    expect(b.node('b').lag).toMatchObject({ bytes: 0x1000 })
    expect(isFar(b)).toBeUndefined()
  })
})
