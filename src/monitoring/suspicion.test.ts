import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MonitorBench, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'

const CAUSE = new Error('read ECONNRESET')
const FULL = Object.assign(new Error('sorry, too many clients already'), { code: '53300' })

let open: MonitorBench | undefined
async function bench(ids?: readonly string[]): Promise<MonitorBench> {
  open = new MonitorBench(ids)
  await open.monitor.settled()
  return open
}

afterEach(async () => {
  await open?.monitor.close()
})

describe('a suspected node', () => {
  it('is out at once, and back with the answer to a probe that is sent at once', async () => {
    const b = await bench()
    b.monitor.suspect('a', CAUSE)
    expect(b.shown).toBe('suspected replica replica')
    expect(b.told.at(-1)).toBe('suspected replica replica')
    expect(b.node('a').state).toMatchObject({
      name: 'suspected',
      cause: CAUSE,
      sinceMs: b.platform.now(),
    })
    expect(b.monitor.snapshot.primary).toBeUndefined()
    await settle()
    expect(b.shown).toBe('primary replica replica')
    expect(b.probes('a')).toEqual([2])
  })

  it('is not cleared by a probe from before: another one follows', async () => {
    const b = await bench(['a'])
    b.network.at('a').querying = 'is silent'
    const refreshed = b.monitor.refresh()
    await b.platform.advance(10)
    b.monitor.suspect('a', CAUSE)
    await b.platform.advance(10)
    expect(b.probes('a')).toEqual([2])
    b.network.at('a').newestClient.answerAll()
    await settle()
    expect(b.shown).toBe('suspected')
    expect(b.probes('a')).toEqual([3])
    b.network.at('a').newestClient.answerAll()
    await settle()
    expect(b.shown).toBe('primary')
    await refreshed
  })

  it('is probed again at its time although another probe has come before it, and did not clear it', async () => {
    const b = await bench(['a'])
    b.monitor.suspect('a', CAUSE)
    await settle()
    // The next probe waits a moment, so that a server that drops every connection is not flooded.
    b.monitor.suspect('a', CAUSE)
    await b.platform.advance(10)
    expect(b.probes('a')).toEqual([2])
    b.network.at('a').querying = 'is silent'
    void b.monitor.refresh()
    await b.platform.advance(10)
    b.monitor.suspect('a', CAUSE)
    b.network.at('a').speakUp()
    await settle()
    expect(b.shown).toBe('suspected')
    await b.platform.advance(50)
    expect(b.shown).toBe('primary')
  })

  it('a thousand suspicions during one probe ask for one more', async () => {
    const b = await bench(['a'])
    b.network.at('a').querying = 'is silent'
    void b.monitor.refresh()
    await b.platform.advance(1)
    for (let i = 0; i < 1000; i++) b.monitor.suspect('a', CAUSE)
    b.network.at('a').speakUp()
    await settle()
    expect(b.shown).toBe('primary')
    expect(b.probes('a')).toEqual([3])
  })

  it('suspicions that never end are not answered with a storm of probes', async () => {
    const b = await bench(['a', 'b'])
    const before = b.network.at('b').probes
    for (let ms = 0; ms < 5000; ms++) {
      b.monitor.suspect('b', CAUSE)
      await b.platform.advance(1)
    }
    expect(b.network.at('b').probes - before).toBeLessThanOrEqual(20)
    expect(b.network.at('b').probes - before).toBeGreaterThanOrEqual(10)
  })

  it('is met at once again after a quiet time', async () => {
    const b = await bench(['a'])
    for (let i = 0; i < 10; i++) {
      b.monitor.suspect('a', CAUSE)
      await b.platform.advance(1)
    }
    expect(b.shown).toBe('suspected')
    await b.platform.advance(20 * INTERVAL_MS)
    const [before = 0] = b.probes('a')
    b.monitor.suspect('a', CAUSE)
    await settle()
    expect(b.shown).toBe('primary')
    expect(b.probes('a')).toEqual([before + 1])
  })

  it('that does not answer is down', async () => {
    const b = await bench()
    b.network.at('b').querying = 'is silent'
    b.monitor.suspect('b', CAUSE)
    await b.platform.advance(TIMEOUT_MS - 1)
    expect(b.shown).toBe('primary suspected replica')
    await b.platform.advance(1)
    expect(b.shown).toBe('primary down replica')
  })

  it('that is down stays down, and is looked at, once at a time', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('b').querying = CAUSE
    await b.monitor.refresh()
    expect(b.shown).toBe('primary down')
    b.network.at('b').connecting = 'is silent'
    const before = b.network.at('b').connections
    b.monitor.suspect('b', new Error('again'))
    b.monitor.suspect('b', new Error('again'))
    await settle()
    expect(b.shown).toBe('primary down')
    expect(b.network.at('b').connections).toBe(before + 1)
  })

  it('keeps the history of the primary that comes back on the same server', async () => {
    const b = await bench(['a', 'b'])
    await b.platform.advance(INTERVAL_MS)
    b.network.at('a').row = primaryRow('0/2000', 'a')
    await b.platform.advance(INTERVAL_MS)
    const lag = b.node('b').lag
    expect(lag).toMatchObject({ bytes: 0x1000 })
    b.monitor.suspect('a', CAUSE)
    expect(b.node('b').lag).toEqual(lag)
    await settle()
    expect(b.shown).toBe('primary replica')
    expect(b.node('b').lag).toEqual(lag)
  })
})

describe('a refusal for lack of slots', () => {
  it('leaves a node that was up as it was, and it is asked again', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('a').querying = FULL
    b.network.at('a').connecting = FULL
    const before = b.network.at('a').connections
    await b.platform.advance(2 * INTERVAL_MS)
    expect(b.shown).toBe('primary replica')
    expect(b.network.at('a').connections).toBe(before + 1)
    b.monitor.suspect('a', FULL)
    expect(b.shown).toBe('primary replica')
  })

  it('says nothing good of a node that has never answered', async () => {
    open = new MonitorBench(['a', 'b'])
    open.network.at('b').connecting = FULL
    await open.monitor.settled()
    expect(open.shown).toBe('primary down')
  })

  it.each([
    ['the replica', 'b'],
    ['the primary', 'a'],
  ])('the answer of %s is no lag any more when it is too old: unknown, not 0', async (_name, full) => {
    const b = await bench(['a', 'b'])
    b.network.at(full).querying = b.network.at(full).connecting = FULL
    const boundMs = 3 * INTERVAL_MS + TIMEOUT_MS
    await b.platform.advance(boundMs)
    expect(b.shown).toBe('primary replica')
    expect(b.node('b').lag).toMatchObject({ bytes: 0 })
    await b.platform.advance(INTERVAL_MS)
    expect(b.shown).toBe('primary replica')
    expect(b.node('b').lag).toBeUndefined()
    b.network.at(full).speakUp()
    await b.platform.advance(INTERVAL_MS)
    expect(b.node('b').lag).toMatchObject({ bytes: 0 })
  })
})

describe('an old primary that comes back', () => {
  it('is fenced, also while the new one is down, and records nothing', async () => {
    const b = await bench()
    b.network.at('a').connecting = CAUSE
    b.network.at('a').newestClient.breakOff()
    b.network.at('b').row = primaryRow('0/2000', 'b', '7000', '00000002')
    b.network.at('c').row = replicaRow('0/2000', 'c', '7000', '2')
    await b.monitor.refresh()
    expect(b.shown).toBe('down primary replica')
    const lag = b.node('c').lag
    expect(lag).toMatchObject({ bytes: 0 })
    b.network.at('a').connecting = 'answers'
    b.network.at('a').row = primaryRow('0/9000', 'a-again')
    await b.monitor.refresh()
    expect(b.shown).toBe('old-timeline primary replica')
    b.network.at('b').connecting = CAUSE
    b.network.at('b').newestClient.breakOff()
    expect(b.shown).toBe('old-timeline suspected replica')
    await b.platform.advance(INTERVAL_MS)
    expect(b.shown).toBe('old-timeline down replica')
    expect(b.monitor.snapshot.primary).toBeUndefined()
    expect(b.node('c').lag).toMatchObject({ bytes: 0 })
    expect(b.node('c').lag?.behindSinceMs).toBeUndefined()
  })

  it('is fenced as soon as a replica shows the new timeline', async () => {
    const b = await bench()
    b.network.at('c').row = replicaRow('0/2000', 'c', '7000', '2')
    await b.monitor.refresh()
    expect(b.shown).toBe('old-timeline replica replica')
  })
})
