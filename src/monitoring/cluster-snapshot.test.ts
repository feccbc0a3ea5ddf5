import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MonitorBench, resolution } from '../../test/support/monitor-bench.ts'

const GRACE_MS = 500

let open: MonitorBench | undefined
function bench(ids?: readonly string[]): MonitorBench {
  open = new MonitorBench(ids)
  return open
}

afterEach(async () => {
  await open?.monitor.close()
})

describe('the cluster that is watched', () => {
  it('is named by the first node in the configuration that answered in the first round', async () => {
    const b = bench(['a', 'b'])
    b.network.at('a').querying = new Error('out of order')
    b.network.at('b').row = primaryRow('0/1000', 'b', '9999')
    await b.monitor.settled()
    b.network.at('a').querying = 'answers'
    await b.monitor.refresh()
    expect(b.shown).toBe('foreign-cluster primary')
  })

  it('is undecided before all nodes have answered: a foreign node that answers first stays one', async () => {
    const b = bench(['a', 'b'])
    b.network.at('a').querying = 'is silent'
    b.network.at('b').row = primaryRow('0/1000', 'b', '9999')
    const settled = resolution(b.monitor.settled())
    await b.platform.advance(GRACE_MS)
    expect(b.shown).toBe('pending primary')
    expect(settled.done).toBe(false)
    b.network.at('a').speakUp()
    await settle()
    expect(settled.done).toBe(true)
    expect(b.shown).toBe('primary foreign-cluster')
  })

  it('of those that answer in the first round the first in the configuration counts', async () => {
    const b = bench(['a', 'b'])
    b.network.at('b').row = replicaRow('0/1000', 'b', '9999')
    await b.monitor.settled()
    expect(b.shown).toBe('primary foreign-cluster')
  })

  it("is held: a server that turns into another cluster's gets neither writes nor reads", async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    b.network.at('a').row = primaryRow('0/9000', 'x', '9999')
    await b.monitor.refresh()
    expect(b.shown).toBe('foreign-cluster replica')
    expect(b.monitor.snapshot.primary).toBeUndefined()
    expect(b.node('b').lag?.freshAsOfMs).toBeLessThanOrEqual(b.platform.now())
  })

  it('is held while the server that named it is down', async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    b.network.at('a').querying = new Error('out of order')
    b.network.at('b').row = primaryRow('0/9000', 'x', '9999')
    await b.monitor.refresh()
    expect(b.shown).toBe('down foreign-cluster')
  })

  it('two servers that take writes: there is no primary', async () => {
    const b = bench(['a', 'b'])
    b.network.at('b').row = primaryRow('0/1000', 'b')
    await b.monitor.settled()
    expect(b.monitor.snapshot.conflict?.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(b.monitor.snapshot.primary).toBeUndefined()
  })

  it('a suspicion of one of them does not make the other the primary, its failure does', async () => {
    const b = bench(['a', 'b'])
    b.network.at('b').row = primaryRow('0/1000', 'b')
    await b.monitor.settled()
    b.network.at('a').querying = new Error('out of order')
    b.monitor.suspect('a', new Error('read ECONNRESET'))
    expect(b.shown).toBe('suspected primary')
    expect(b.monitor.snapshot.conflict?.map(({ id }) => id)).toEqual(['a', 'b'])
    await b.monitor.refresh()
    expect(b.shown).toBe('down primary')
    expect(b.monitor.snapshot.primary?.id).toBe('b')
  })

  it('a suspected name of a server does not stand against its other name', async () => {
    const b = bench(['a', 'b'])
    b.network.at('b').row = b.network.at('a').row
    await b.monitor.settled()
    b.monitor.suspect('a', new Error('read ECONNRESET'))
    expect(b.monitor.snapshot.primary?.id).toBe('b')
  })
})

describe('lag', () => {
  it('is measured against the primary, as of the question that it answered', async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    const askedAtMs = b.platform.now()
    expect(b.node('b').lag).toEqual({ bytes: 0, freshAsOfMs: askedAtMs, catchUpMs: 0 })
    b.network.at('a').row = primaryRow('0/1800', 'a')
    await b.platform.advance(INTERVAL_MS)
    expect(b.node('b').lag).toEqual({
      bytes: 0x800,
      freshAsOfMs: askedAtMs,
      behindSinceMs: askedAtMs + INTERVAL_MS,
      catchUpMs: 0,
    })
    b.network.at('b').row = replicaRow('0/1800', 'b')
    await b.platform.advance(INTERVAL_MS)
    expect(b.node('b').lag).toEqual({ bytes: 0, freshAsOfMs: b.platform.now(), catchUpMs: 0 })
  })

  it("is known with the primary's answer, if the replica has answered before", async () => {
    const b = bench(['a', 'b'])
    b.network.at('a').querying = 'is silent'
    void b.monitor.settled()
    await settle()
    expect(b.shown).toBe('pending replica')
    expect(b.node('b').lag).toBeUndefined()
    b.network.at('a').speakUp()
    await settle()
    expect(b.probes('b')).toEqual([1])
    expect(b.node('b').lag).toEqual({ bytes: 0, freshAsOfMs: b.platform.now() })
  })

  it("of a replica that stands still grows older with the primary's writes only", async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    await b.platform.advance(20 * INTERVAL_MS)
    expect(b.node('b').lag?.freshAsOfMs).toBe(b.platform.now())
  })

  it.each([
    ['the primary', 'a'],
    ['the replica', 'b'],
  ])('is not known while %s cannot tell its position', async (_name, silent) => {
    const b = bench(['a', 'b'])
    b.network.at(silent).row = silent === 'a' ? primaryRow(null, 'a') : replicaRow(null, 'b')
    await b.monitor.settled()
    expect(b.shown).toBe('primary replica')
    expect(b.node('b').lag).toBeUndefined()
  })

  it('is proven no further while there is no primary', async () => {
    const b = bench(['a', 'b'])
    await b.monitor.settled()
    const before = b.node('b').lag
    expect(before).toBeDefined()
    b.network.at('a').querying = new Error('out of order')
    b.network.at('a').newestClient.breakOff()
    await b.platform.advance(3 * INTERVAL_MS)
    expect(b.node('b').lag).toEqual(before)
  })

  it('is not known on another timeline than the primary’s, or on one that is not told', async () => {
    const b = bench()
    b.network.at('a').row = primaryRow('0/1000', 'a', '7000', '0000000A')
    b.network.at('b').row = replicaRow('0/9000', 'b', '7000', '9')
    b.network.at('c').row = replicaRow('0/1000', 'c', '7000', null)
    await b.monitor.settled()
    expect([b.node('b').lag, b.node('c').lag]).toEqual([undefined, undefined])
    b.network.at('b').row = replicaRow('0/1000', 'b', '7000', '10')
    await b.monitor.refresh()
    expect(b.node('b').lag).toMatchObject({ bytes: 0 })
  })

  it('after a promotion is measured against the new primary alone', async () => {
    const b = bench()
    b.network.at('a').row = primaryRow('0/9000', 'a')
    b.network.at('c').row = replicaRow('0/1000', 'c')
    await b.monitor.settled()
    b.network.at('a').querying = new Error('out of order')
    b.network.at('b').row = primaryRow('0/2000', 'b')
    await b.monitor.refresh()
    expect(b.shown).toBe('down primary replica')
    expect(b.node('c').lag).toBeUndefined()
    b.network.at('c').row = replicaRow('0/2000', 'c')
    await b.monitor.refresh()
    expect(b.node('c').lag).toEqual({ bytes: 0, freshAsOfMs: b.platform.now(), catchUpMs: 0 })
  })
})
