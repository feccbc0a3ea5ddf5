import { describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import type { DiscoveredNode } from './discovery.ts'
import { DiscoveryLoop, type DiscoveryFailure } from './loop.ts'

const INTERVAL_MS = 10_000
const TIMEOUT_MS = 3_000
const NEVER = new Promise<never>(() => {})
const [A, B, C] = [{ host: 'a' }, { host: 'b', port: 5433 }, { host: 'c', weight: 2 }]

/** A loop whose looks are answered by what `answer` holds at the time. */
function setUp(answer: unknown): {
  platform: FakePlatform
  loop: DiscoveryLoop
  lists: string[][]
  failures: DiscoveryFailure[]
  signals: AbortSignal[]
  answerWith: (next: unknown) => void
} {
  const platform = new FakePlatform()
  const [lists, failures, signals]: [string[][], DiscoveryFailure[], AbortSignal[]] = [[], [], []]
  let current = answer
  const loop = new DiscoveryLoop({
    platform,
    timeoutMs: TIMEOUT_MS,
    discovery: {
      intervalMs: INTERVAL_MS,
      discover(signal) {
        signals.push(signal)
        if (current instanceof Error) throw current
        return current as Promise<readonly DiscoveredNode[]>
      },
    },
    onNodes: (nodes) => lists.push(nodes.map(({ host }) => host)),
    onFailed: (failure) => failures.push(failure),
  })
  return { platform, loop, lists, failures, signals, answerWith: (next) => void (current = next) }
}

describe('DiscoveryLoop', () => {
  it('does nothing before it is asked, then looks at its interval, a little sooner by chance', async () => {
    const { platform, loop, signals } = setUp([A])
    await platform.advance(INTERVAL_MS)
    expect([signals.length, platform.pendingTimers]).toEqual([0, 0])
    platform.scriptRandom(0.5, 0)
    await loop.refreshNow()
    expect(signals).toHaveLength(1)
    await platform.advance(INTERVAL_MS * 0.9 - 1)
    expect(signals).toHaveLength(1)
    await platform.advance(1)
    expect(signals).toHaveLength(2)
    await platform.advance(INTERVAL_MS - 1)
    expect(signals).toHaveLength(2)
    await platform.advance(1)
    expect(signals).toHaveLength(3)
    loop.close()
  })

  it('tells of a list only when it differs, whatever the order', async () => {
    const { platform, loop, lists, answerWith } = setUp([A, B])
    const next = async (answer: unknown): Promise<void> => {
      answerWith(answer)
      await platform.advance(INTERVAL_MS)
    }
    await loop.refreshNow()
    await next([B, A])
    await next([A, B, A])
    expect(lists).toEqual([['a', 'b']])
    await next([A, C])
    await next([A, { ...C, weight: 0 }])
    await next([
      { ...A, port: 5433 },
      { ...C, weight: 0 },
    ])
    await next([{ ...C, weight: 0 }])
    await next([A])
    expect(lists.slice(1)).toEqual([['a', 'c'], ['a', 'c'], ['a', 'c'], ['c'], ['a']])
    expect(loop.nodes).toEqual([{ host: 'a', weight: 1 }])
    loop.close()
  })

  const misfortunes: readonly [string, unknown, DiscoveryFailure['reason'], RegExp][] = [
    ['an empty answer', [], 'empty', /found no node at all/],
    ['an error', new Error('no such name'), 'failed', /no such name/],
    ['a rejection', Promise.reject(new Error('refused')), 'failed', /refused/],
    ['a bad answer', [A, { host: '' }], 'failed', /\[1\]\.host must be .*; received ""/],
    ['no answer in time', NEVER, 'failed', /no answer within 3000 ms/],
  ]
  for (const [name, answer] of misfortunes) if (answer instanceof Promise) answer.catch(() => name)

  it.each(misfortunes)('%s keeps the old list, and is told', async (_name, answer, reason, message) => {
    const { platform, loop, lists, failures, answerWith } = setUp([A, B])
    await loop.refreshNow()
    answerWith(answer)
    await platform.advance(INTERVAL_MS + TIMEOUT_MS)
    expect(loop.nodes.map(({ host }) => host)).toEqual(['a', 'b'])
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ reason, retryInMs: INTERVAL_MS })
    expect(failures[0]?.cause.message).toMatch(message)
    answerWith([A, B, C])
    await platform.advance(INTERVAL_MS)
    expect(lists).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ])
    loop.close()
  })

  it('has one lookup in flight, which all callers share, and leaves one that takes too long', async () => {
    const { platform, loop, lists, signals, answerWith } = setUp(NEVER)
    let late: (nodes: unknown) => void = () => {}
    answerWith(new Promise((resolve) => (late = resolve)))
    let released = 0
    for (const over of [loop.refreshNow(), loop.refreshNow()]) void over.then(() => (released += 1))
    await platform.advance(TIMEOUT_MS - 1)
    void loop.refreshNow().then(() => (released += 1))
    await settle()
    expect([signals.length, released, signals[0]?.aborted]).toEqual([1, 0, false])
    await platform.advance(1)
    expect([signals.length, released, signals[0]?.aborted]).toEqual([1, 3, true])
    answerWith([A])
    await loop.refreshNow()
    late([B])
    await settle()
    expect(lists).toEqual([['a']])
    loop.close()
  })

  it('looks at once when asked, but not more often than twice a second', async () => {
    const { platform, loop, signals } = setUp([A])
    await loop.refreshNow()
    let over = false
    await platform.advance(100)
    for (let count = 0; count < 5; count += 1) void loop.refreshNow().then(() => (over = true))
    await platform.advance(399)
    expect([signals.length, over]).toEqual([1, false])
    await platform.advance(1)
    expect([signals.length, over]).toEqual([2, true])
    await platform.advance(1_000)
    await loop.refreshNow()
    expect([signals.length, platform.pendingTimers]).toEqual([3, 1])
    loop.close()
  })

  it('begins no lookup by the interval while a requested one is in flight', async () => {
    const { platform, loop, signals, answerWith } = setUp([A])
    await loop.refreshNow()
    await platform.advance(INTERVAL_MS - 1)
    answerWith(NEVER)
    void loop.refreshNow()
    await platform.advance(TIMEOUT_MS - 1)
    expect(signals).toHaveLength(2)
    loop.close()
  })

  it('close() ends the look, every wait and every timer, and nothing is told any more', async () => {
    const { platform, loop, lists, failures, signals } = setUp(NEVER)
    const waiting = loop.refreshNow()
    await settle()
    loop.close()
    await waiting
    await loop.refreshNow()
    await settle()
    expect([signals.length, signals[0]?.aborted, platform.pendingTimers]).toEqual([1, true, 0])
    const idle = setUp([A])
    await idle.loop.refreshNow()
    void idle.loop.refreshNow()
    idle.loop.close()
    expect(idle.platform.pendingTimers).toBe(0)
    expect([lists, failures]).toEqual([[], []])
  })
})
