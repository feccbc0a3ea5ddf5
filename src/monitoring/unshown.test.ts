import { describe, expect, it, test } from 'vitest'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { MonitorBench, resolution, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'
import { committedAmong, readCommitted, readUnfinished } from './unshown.ts'

const SENT_AT_MS = 5000

describe('unfinished transactions of the primary', () => {
  test.each<[string, readonly (string | null)[] | undefined, unknown]>([
    ['nothing', ['primary', '800', null], new Map()],
    ['one', ['primary', '800', '799,0,30'], new Map([['799', { sinceMs: 4970, isCommitted: false }]])],
    [
      'one that waits for standbys, and one of a role that may not be seen',
      ['primary', '800', '799,1,0 12,0'],
      new Map([
        ['799', { sinceMs: 5000, isCommitted: true }],
        ['12', { sinceMs: -Infinity, isCommitted: false }],
      ]),
    ],
    ['of a replica', ['replica', '800', null], undefined],
    ['no answer', undefined, undefined],
  ])('%s', (_name, row, unfinished) => {
    expect(readUnfinished(row, SENT_AT_MS)).toEqual(unfinished)
  })

  test.each([
    ['in the first turn', 800n, 799n, 799n],
    ['in the second', (1n << 32n) + 800n, 799n, (1n << 32n) + 799n],
    ['of the turn before', (3n << 32n) + 5n, 4_294_967_290n, (2n << 32n) + 4_294_967_290n],
    ['beyond the next one', (1n << 32n) - 2n, 3n, (1n << 32n) + 3n],
  ])('an id has its epoch: %s', (_name, next, id, full) => {
    const unfinished = readUnfinished(['primary', String(next), `${id},0,1`], SENT_AT_MS)
    expect([...(unfinished?.keys() ?? [])]).toEqual([String(full)])
  })
})

describe('those that a replica shows', () => {
  it('is queried by ids', () => {
    expect(committedAmong(new Set(['7', '9'])).values).toEqual(['{7,9}'])
  })

  test.each<[string, readonly (string | null)[] | undefined, unknown]>([
    ['nothing', [null], new Set()],
    ['some', ['7 9'], new Set(['7', '9'])],
    ['no answer', undefined, undefined],
  ])('%s', (_name, row, committed) => {
    expect(readCommitted(row)).toEqual(committed)
  })
})

/** `a` is the primary, and has not finished 7 and 9; the replica `b` shows 9. */
async function watched(): Promise<MonitorBench> {
  const bench = new MonitorBench()
  bench.network.at('a').unfinished = ['800', '7,0,30 9,0,30']
  bench.network.at('b').committed = '9'
  await bench.monitor.settled()
  await bench.platform.advance(1)
  return bench
}

describe('a server that does not answer a question', () => {
  it('is down, as after a probe without an answer, until it answers over a new connection', async () => {
    const bench = await watched()
    const replica = bench.network.at('b')
    replica.querying = 'is silent'
    const unshown = bench.monitor.questions.unshown('7000:b')
    await bench.platform.advance(TIMEOUT_MS - 1)
    expect(bench.told).not.toContain('primary down replica')
    replica.querying = 'answers'
    await bench.platform.advance(1)
    await unshown
    expect(bench.told).toContain('primary down replica')
    expect(bench.shown).toBe('primary replica replica')
    expect(replica.connections).toBe(2)
    await bench.monitor.close()
  })
})

describe('the timeline of a server', () => {
  it('is requested once after a read', async () => {
    const { network, platform, monitor } = await watched()
    const { questions } = monitor
    const readAtMs = platform.now()
    const { probes } = network.at('b')
    await Promise.all([questions.heard('7000:b', readAtMs), questions.heard('7000:b', readAtMs)])
    expect(network.at('b').probes).toBe(probes + 1)
    expect(questions.heard('7000:b', readAtMs)).toBeUndefined()
    expect(questions.heard('7000:gone', readAtMs)).toBeUndefined()
    await monitor.close()
  })

  it('is waited for briefly, and not again before the server answers', async () => {
    const { network, platform, monitor } = await watched()
    const replica = network.at('b')
    replica.querying = 'is silent'
    const isOver = resolution(Promise.resolve(monitor.questions.heard('7000:b', platform.now())))
    await platform.advance(240)
    expect(isOver.done).toBe(false)
    await platform.advance(10)
    expect(isOver.done).toBe(true)
    expect(monitor.questions.heard('7000:b', platform.now())).toBeUndefined()
    replica.querying = 'answers'
    replica.speakUp()
    await platform.advance(1)
    expect(monitor.questions.heard('7000:b', platform.now())).toBeDefined()
    await monitor.close()
  })
})

describe('unshown', () => {
  const ids = async (bench: MonitorBench, server: string | undefined): Promise<unknown> => {
    const unshown = await bench.monitor.questions.unshown(server)
    return unshown && [[...unshown.transactions.keys()], unshown.isCertain]
  }

  it('is what the replica shows and the primary has not finished', async () => {
    const bench = await watched()
    expect(await ids(bench, '7000:b')).toEqual([['9'], true])
    expect(bench.network.at('b').asked.committed).toEqual(['{7,9}'])
  })

  it('asks no replica when the primary has finished all', async () => {
    const bench = await watched()
    bench.network.at('a').unfinished = ['800', null]
    expect(await ids(bench, '7000:b')).toEqual([[], true])
    expect(await ids(bench, undefined)).toEqual([[], true])
    expect(bench.network.at('b').asked.committed).toEqual([])
  })

  it.each<[string, readonly (string | null)[], unknown, string]>([
    [
      'was promoted',
      primaryRow('0/2000', 'b', '7000', '00000002'),
      [[], true],
      'old-timeline primary replica',
    ],
    [
      'follows another primary',
      replicaRow('0/2000', 'b', '7000', '2'),
      undefined,
      'old-timeline replica replica',
    ],
  ])('is not what the former primary says of a server that %s unseen', async (_name, row, told, shown) => {
    const bench = await watched()
    Object.assign(bench.network.at('a'), { unfinished: ['800', null] })
    bench.network.at('b').row = row
    expect(bench.shown).toBe('primary replica replica')
    expect(await ids(bench, '7000:b')).toEqual(told)
    expect(bench.shown).toBe(shown)
  })

  it('sends nothing when that server is the primary now', async () => {
    const bench = await watched()
    const { probes } = bench.network.at('a')
    expect(await ids(bench, '7000:a')).toEqual([[], true])
    expect(bench.network.at('a').probes).toBe(probes)
  })

  it.each<[string, string | undefined, (bench: MonitorBench) => void | Promise<void>]>([
    ['no server is named', undefined, () => {}],
    ['it is not there', '7000:x', () => {}],
    [
      'it is down',
      '7000:b',
      async ({ network, platform }) => {
        network.at('b').querying = new Error('gone')
        await platform.advance(1000)
      },
    ],
    ['it does not answer', '7000:b', ({ network }) => void (network.at('b').querying = new Error('gone'))],
    [
      'it cannot tell',
      '7000:b',
      ({ network }) => {
        network.at('b').querying = Object.assign(new Error('denied'), { severity: 'ERROR' })
      },
    ],
    [
      'it was restarted, and may have gone back',
      '7000:b',
      async ({ network, platform }) => {
        network.at('b').newestClient.breakOff()
        network.at('b').row = replicaRow('0/1000', 'b2')
        await platform.advance(500)
      },
    ],
  ])('may be all when %s', async (_name, server, happens) => {
    const bench = await watched()
    await happens(bench)
    expect(await ids(bench, server)).toEqual([['7', '9'], false])
  })

  it.each<[string, (bench: MonitorBench) => void | Promise<void>]>([
    [
      'there is no primary',
      async ({ network, platform }) => {
        network.at('a').querying = new Error('gone')
        await platform.advance(1000)
      },
    ],
    [
      'it may not tell',
      ({ network }) => {
        network.at('a').querying = Object.assign(new Error('denied'), { severity: 'ERROR' })
      },
    ],
    ['it is none any more', ({ network }) => void (network.at('a').row = replicaRow('0/1000', 'a'))],
    ['all is over', ({ monitor }) => monitor.close()],
  ])('is not known when %s', async (_name, happens) => {
    const bench = await watched()
    await happens(bench)
    expect(await ids(bench, '7000:b').catch(() => undefined)).toBeUndefined()
  })

  it('an answer that is denied costs no connection', async () => {
    const bench = await watched()
    bench.network.at('a').querying = Object.assign(new Error('denied'), { severity: 'ERROR' })
    await bench.monitor.questions.unshown('7000:b')
    bench.network.at('a').querying = 'answers'
    bench.network.at('a').row = primaryRow('0/2000', 'a')
    await bench.platform.advance(1000)
    expect(bench.network.at('a').connections).toBe(1)
  })
})
