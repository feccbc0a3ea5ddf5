import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MonitorBench, resolution, show, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'

const GRACE_MS = 500
const CAUSE = new Error('read ECONNRESET')

let open: MonitorBench | undefined
function bench(ids?: readonly string[]): MonitorBench {
  open = new MonitorBench(ids)
  return open
}

afterEach(async () => {
  await open?.monitor.close()
})

describe('the first round', () => {
  it('there is no I/O before it', async () => {
    const { monitor, platform, network, shown } = bench()
    await platform.advance(10_000)
    expect(shown).toBe('pending pending pending')
    expect(network.at('a').connections).toBe(0)
    expect(monitor.snapshot.primary).toBeUndefined()
  })

  it('probes all nodes, once, however often it is started', async () => {
    const b = bench()
    await b.monitor.settled()
    await b.monitor.settled()
    expect(b.shown).toBe('primary replica replica')
    expect(b.probes('a', 'b', 'c')).toEqual([1, 1, 1])
  })

  it('is over when all have answered or failed, without a time of grace', async () => {
    const b = bench()
    b.network.at('c').connecting = new Error('connect ECONNREFUSED')
    await b.monitor.settled()
    expect(b.shown).toBe('primary replica down')
    // One timer a node for its next probe, and none of grace.
    expect(b.platform.pendingTimers).toBe(3)
  })

  it('waits for the others a time of grace once the primary is found', async () => {
    const b = bench()
    b.network.at('c').querying = 'is silent'
    const settled = resolution(b.monitor.settled())
    await b.platform.advance(GRACE_MS - 1)
    expect(settled.done).toBe(false)
    await b.platform.advance(1)
    expect(settled.done).toBe(true)
    expect(b.shown).toBe('primary replica pending')
  })

  it.each([
    ['an earlier node that is silent may be the primary that counts', 'b'],
    ['without a primary there is no grace', undefined],
  ])('%s: it waits for the last answer', async (_name, primary) => {
    const b = bench()
    b.network.at('a').querying = 'is silent'
    if (primary !== undefined) b.network.at(primary).row = primaryRow('0/1000', primary)
    const settled = resolution(b.monitor.settled())
    await b.platform.advance(TIMEOUT_MS - 1)
    expect(settled.done).toBe(false)
    await b.platform.advance(1)
    expect(settled.done).toBe(true)
    expect(b.node('a').state.name).toBe('down')
  })

  it('an earlier node that is down does not hold up the grace', async () => {
    const b = bench()
    b.network.at('a').connecting = new Error('connect ECONNREFUSED')
    b.network.at('b').row = primaryRow('0/1000', 'b')
    b.network.at('c').querying = 'is silent'
    const settled = resolution(b.monitor.settled())
    await b.platform.advance(GRACE_MS)
    expect(settled.done).toBe(true)
    expect(b.monitor.snapshot.primary?.id).toBe('b')
  })

  it('is over when the monitor closes', async () => {
    const b = bench()
    b.network.at('a').querying = 'is silent'
    const settled = resolution(b.monitor.settled())
    await settle()
    await b.monitor.close()
    await settle()
    expect(settled.done).toBe(true)
  })
})

describe('the rounds after it', () => {
  it('an interval lies between an answer and the next question, less some jitter', async () => {
    const b = bench(['a'])
    b.platform.scriptRandom(0, 0.5)
    await b.monitor.settled()
    await b.platform.advance(INTERVAL_MS - 1)
    expect(b.probes('a')).toEqual([1])
    await b.platform.advance(1)
    expect(b.probes('a')).toEqual([2])
    await b.platform.advance(INTERVAL_MS * 0.9 - 1)
    expect(b.probes('a')).toEqual([2])
    await b.platform.advance(1)
    expect(b.probes('a')).toEqual([3])
  })

  it('a silent node has one probe in flight, and delays no other', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('b').querying = 'is silent'
    await b.platform.advance(INTERVAL_MS + TIMEOUT_MS - 1)
    expect(b.probes('a', 'b', 'c')).toEqual([5, 2, 5])
    expect(b.shown).toBe('primary replica replica')
  })

  it('a node that does not answer in time is down since then', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('b').querying = 'is silent'
    const sinceMs = b.platform.now() + INTERVAL_MS + TIMEOUT_MS
    await b.platform.advance(INTERVAL_MS + TIMEOUT_MS)
    expect(b.shown).toBe('primary down replica')
    expect(b.node('b').state).toMatchObject({
      sinceMs,
      cause: { message: 'No answer to a probe within 2000 ms' },
    })
    await b.platform.advance(4 * TIMEOUT_MS)
    expect(b.node('b').state).toMatchObject({ sinceMs })
  })

  it('a node that comes back is up with the next probe', async () => {
    const b = bench()
    b.network.at('b').connecting = new Error('connect ECONNREFUSED')
    await b.monitor.settled()
    b.network.at('b').connecting = 'answers'
    await b.platform.advance(INTERVAL_MS)
    expect(b.shown).toBe('primary replica replica')
  })

  it('a server that refuses is asked once an interval', async () => {
    const b = bench()
    b.network.at('b').connecting = new Error('connect ECONNREFUSED')
    await b.monitor.settled()
    await b.platform.advance(10 * INTERVAL_MS)
    expect(b.network.at('b').connections).toBe(11)
  })

  it('tells every change with what was before it', async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    expect(b.told).toEqual(['primary pending', 'primary replica'])
    expect(b.previous.map(show)).toEqual(['pending pending', 'primary pending'])
    b.network.at('a').row = replicaRow('0/1000', 'a')
    b.network.at('b').row = primaryRow('0/1000', 'b')
    await b.monitor.refresh()
    expect(b.shown).toBe('replica primary')
    expect(b.monitor.snapshot.primary?.id).toBe('b')
  })

  it('snapshots that were given out do not change', async () => {
    const b = bench()
    await b.monitor.settled()
    const before = b.monitor.snapshot
    b.network.at('a').querying = new Error('out of order')
    await b.monitor.refresh()
    expect(show(before)).toBe('primary replica replica')
    expect(b.shown).toBe('down replica replica')
  })
})

describe('a lost connection', () => {
  it('takes the node out at once, until it answers', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('a').connecting = 'is silent'
    b.network.at('a').newestClient.breakOff(new Error('terminating connection'))
    expect(b.shown).toBe('suspected replica replica')
    expect(b.told.at(-1)).toBe('suspected replica replica')
    expect(b.monitor.snapshot.primary).toBeUndefined()
  })

  it('is looked at without waiting for the interval', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('b').newestClient.breakOff()
    await settle()
    expect(b.shown).toBe('primary replica replica')
    expect(b.network.at('b').connections).toBe(2)
  })

  it('of a server that always hangs up leads to no storm of connections', async () => {
    const b = bench()
    await b.monitor.settled()
    const server = b.network.at('b')
    for (let i = 0; i < 200; i++) {
      server.newestClient.breakOff()
      await b.platform.advance(INTERVAL_MS / 20)
    }
    // 10 intervals.
    expect(server.connections).toBeLessThanOrEqual(25)
    expect(server.connections).toBeGreaterThanOrEqual(10)
  })
})

describe('suspect and refresh', () => {
  it('a suspected node is looked at now, the others are left alone', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('b').querying = new Error('out of order')
    b.monitor.suspect('b', CAUSE)
    await settle()
    expect(b.shown).toBe('primary down replica')
    expect(b.probes('a', 'b', 'c')).toEqual([1, 2, 1])
  })

  it('its next look is an interval later, and not at the old time as well', async () => {
    const b = bench(['a'])
    await b.monitor.settled()
    await b.platform.advance(INTERVAL_MS - 100)
    b.monitor.suspect('a', CAUSE)
    await b.platform.advance(INTERVAL_MS - 1)
    expect(b.probes('a')).toEqual([2])
    await b.platform.advance(1)
    expect(b.probes('a')).toEqual([3])
  })

  it('suspicions in a row share one probe, and one timer remains', async () => {
    const b = bench(['a'])
    await b.monitor.settled()
    for (let i = 0; i < 50; i++) b.monitor.suspect('a', CAUSE)
    await settle()
    expect(b.probes('a')).toEqual([2])
    expect(b.platform.pendingTimers).toBe(1)
  })

  it('a look that is due while one is in flight adds nothing to it', async () => {
    const b = bench(['a'])
    await b.monitor.settled()
    await b.platform.advance(INTERVAL_MS - 100)
    b.network.at('a').querying = 'is silent'
    b.monitor.suspect('a', CAUSE)
    await b.platform.advance(INTERVAL_MS)
    const told = b.told.length
    b.network.at('a').speakUp()
    await settle()
    expect(b.told).toHaveLength(told + 1)
    expect(b.platform.pendingTimers).toBe(1)
  })

  it('an unknown node is not suspected', async () => {
    const b = bench(['a'])
    await b.monitor.settled()
    b.monitor.suspect('z', CAUSE)
    await settle()
    expect(b.probes('a')).toEqual([1])
  })

  it('refresh probes all nodes and resolves when all have answered or failed', async () => {
    const b = bench()
    await b.monitor.settled()
    b.network.at('b').querying = new Error('out of order')
    b.network.at('c').querying = 'is silent'
    const refreshed = resolution(b.monitor.refresh())
    await b.platform.advance(TIMEOUT_MS - 1)
    expect(refreshed.done).toBe(false)
    expect(b.shown).toBe('primary down replica')
    await b.platform.advance(1)
    expect(refreshed.done).toBe(true)
    expect(b.shown).toBe('primary down down')
  })
})

describe('close', () => {
  it('nothing is asked, told or kept afterwards', async () => {
    const b = bench()
    await b.monitor.settled()
    const told = b.told.length
    await b.monitor.close()
    expect(b.platform.pendingTimers).toBe(0)
    b.monitor.suspect('a', CAUSE)
    await b.monitor.refresh()
    await b.platform.advance(10 * INTERVAL_MS)
    expect(b.probes('a', 'b', 'c')).toEqual([1, 1, 1])
    expect(b.told).toHaveLength(told)
    expect(b.network.at('a').newestClient.isClosed).toBe(true)
  })

  it('an answer that comes late is not applied', async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    b.network.at('b').querying = 'is silent'
    b.monitor.suspect('b', CAUSE)
    await settle()
    const before = b.monitor.snapshot
    await b.monitor.close()
    await b.platform.advance(TIMEOUT_MS)
    expect(b.monitor.snapshot).toBe(before)
    expect(b.platform.pendingTimers).toBe(0)
  })
})
