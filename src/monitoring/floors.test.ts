import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { MonitorBench, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'
import type { Snapshot } from '../topology/snapshot.ts'

async function watched(): Promise<MonitorBench> {
  const bench = new MonitorBench()
  await bench.monitor.settled()
  await bench.platform.advance(1)
  return bench
}

const lsnOf = (snapshot: Snapshot, id: string): bigint | undefined => {
  const state = snapshot.nodes.find((node) => node.id === id)?.state
  return state?.name === 'up' ? state.observation.lsn : undefined
}

describe('a floor', () => {
  it('is where the primary is now, by one small question', async () => {
    const { monitor, network } = await watched()
    network.at('a').row = primaryRow('0/3000', 'a')
    expect(await monitor.questions.floor()).toEqual({ systemIdentifier: '7000', timeline: 1, lsn: 0x3000n })
    expect(network.at('a')).toMatchObject({ probes: 2, asked: { progress: 1 } })
    expect(lsnOf(monitor.snapshot, 'a')).toBe(0x3000n)
  })

  it('is asked behind a probe that is in flight: that one was sent too early', async () => {
    const { monitor, network, platform } = await watched()
    const primary = network.at('a')
    primary.querying = 'is silent'
    void monitor.refresh()
    await platform.advance(3)
    const floor = monitor.questions.floor()
    await settle()
    primary.row = primaryRow('0/3000', 'a')
    for (const client of primary.clients) client.answerAll()
    await settle()
    // The answer to the probe that was sent before is not taken, whatever it says.
    primary.row = primaryRow('0/4000', 'a')
    primary.speakUp()
    expect(await floor).toMatchObject({ lsn: 0x4000n })
  })

  it('is the insert position where commits may not be flushed; the lag is none of it', async () => {
    const { monitor, network, platform } = await watched()
    monitor.questions.mayBeUnflushed = true
    network.at('a').inserted = '0/5018'
    expect(await monitor.questions.floor()).toMatchObject({ lsn: 0x5018n })
    await platform.advance(1)
    network.at('a').inserted = '0/6018'
    expect(await monitor.questions.floor()).toMatchObject({ lsn: 0x6000n })
    expect(lsnOf(monitor.snapshot, 'a')).toBe(0x1000n)
  })

  it.each([false, true])('cannot be had without a primary (unflushed: %s)', async (mayBeUnflushed) => {
    const { monitor, network, platform } = await watched()
    monitor.questions.mayBeUnflushed = mayBeUnflushed
    network.at('a').querying = new Error('gone')
    await platform.advance(1000)
    expect(await monitor.questions.floor()).toBeUndefined()
  })

  it('fails when the primary does not answer', async () => {
    const { monitor, network, platform } = await watched()
    network.at('a').querying = 'is silent'
    const floor = monitor.questions.floor()
    await platform.advance(TIMEOUT_MS)
    expect(await floor).toBeUndefined()
  })

  it('cannot be had of one that does not tell its position', async () => {
    const { monitor, network, platform } = await watched()
    network.at('a').row = primaryRow(null, 'a')
    await platform.advance(500)
    expect(await monitor.questions.floor()).toBeUndefined()
  })

  it('is not known to the demoted', async () => {
    const { monitor, network } = await watched()
    network.at('a').row = replicaRow('0/9000', 'a')
    expect(await monitor.questions.floor()).toBeUndefined()
    monitor.questions.mayBeUnflushed = true
    expect(await monitor.questions.floor()).toBeUndefined()
  })

  it.each([false, true])('is not requested after the end (unflushed: %s)', async (mayBeUnflushed) => {
    const { monitor, network, platform } = await watched()
    const before = network.at('a').connections
    monitor.questions.mayBeUnflushed = mayBeUnflushed
    const underWay = monitor.questions.floor()
    await monitor.close()
    await underWay.catch(() => {})
    expect(await monitor.questions.floor()).toBeUndefined()
    expect(network.at('a').connections).toBe(before)
    expect(platform.pendingTimers).toBe(0)
  })

  it('does not keep probes from their answers, however often it is requested', async () => {
    const { monitor, network, platform } = await watched()
    const primary = network.at('a')
    primary.querying = 'is silent'
    let isOver = false
    const asking = (async () => {
      while (!isOver) await monitor.questions.floor()
    })()
    primary.row = primaryRow('0/8000', 'a')
    for (let i = 0; i < 100; i++) {
      await platform.advance(10)
      for (const client of primary.clients) client.answerAll()
    }
    expect(lsnOf(monitor.snapshot, 'a')).toBe(0x8000n)
    isOver = true
    primary.speakUp()
    await asking
    await monitor.close()
  })
})

describe('awaitProgress', () => {
  const reached =
    (lsn: bigint) =>
    (snapshot: Snapshot): boolean =>
      (lsnOf(snapshot, 'b') ?? 0n) >= lsn

  it('sends nothing when all is well', async () => {
    const { monitor, network } = await watched()
    expect(await monitor.awaitProgress(() => true, 100)).toBe(true)
    expect(network.at('b').probes).toBe(1)
  })

  it('asks the primary and the replicas again and again, until they are', async () => {
    const { monitor, network, platform } = await watched()
    const passed = monitor.awaitProgress(reached(0x2000n), 100)
    await platform.advance(20)
    const asked = network.at('b').probes
    expect(asked).toBeGreaterThan(4)
    expect(network.at('a').probes).toBeGreaterThan(4)
    network.at('b').row = replicaRow('0/2000', 'b')
    await platform.advance(10)
    expect(await passed).toBe(true)
    await platform.advance(50)
    expect(network.at('b').probes).toBeLessThanOrEqual(asked + 3)
  })

  it('asks once for all who wait', async () => {
    const { monitor, network, platform } = await watched()
    const passed = Array.from({ length: 100 }, () => monitor.awaitProgress(reached(0x2000n), 50))
    await platform.advance(20)
    expect(network.at('b').probes).toBeLessThan(15)
    await platform.advance(40)
    expect(new Set(await Promise.all(passed))).toEqual(new Set([false]))
  })

  it('probes a replica that comes back while a caller waits', async () => {
    const { monitor, network, platform } = await watched()
    const first = monitor.awaitProgress(() => false, 5000)
    await platform.advance(10)
    network.at('b').querying = new Error('the server starts up')
    await platform.advance(10)
    network.at('b').querying = 'answers'
    await monitor.refresh()
    const back = network.at('b').probes
    const second = monitor.awaitProgress(() => false, 5000)
    await platform.advance(60)
    expect(network.at('b').probes).toBeGreaterThan(back + 4)
    await monitor.close()
    expect(await Promise.all([first, second])).toEqual([false, false])
  })

  it('gives up in time, and leaves no timer but those of the probes', async () => {
    const { monitor, platform } = await watched()
    const timers = platform.pendingTimers
    const passed = monitor.awaitProgress(() => false, 30)
    await platform.advance(40)
    expect(await passed).toBe(false)
    expect(platform.pendingTimers).toBe(timers)
    expect(platform.heldOpen).toBe(0)
  })

  it('ends with the monitor', async () => {
    const { monitor, platform } = await watched()
    const passed = monitor.awaitProgress(() => false, 5000)
    await platform.advance(5)
    await monitor.close()
    expect(await passed).toBe(false)
    expect(platform.pendingTimers).toBe(0)
    expect(await monitor.awaitProgress(() => true, 5000)).toBe(false)
  })
})
