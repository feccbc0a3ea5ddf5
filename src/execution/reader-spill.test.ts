import { beforeEach, describe, expect, it } from 'vitest'
import { conflict, ownFault, planOf, reset, shutdown } from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import { SpillGate } from './spill-gate.ts'

let b: ReaderBench
beforeEach(() => {
  b = new ReaderBench()
})

describe('on the primary in place of replicas', () => {
  it('a read takes a place, and gives it back however it ends', async () => {
    for (const answer of ['rows', ownFault(), conflict(), shutdown()]) {
      b.answers['p'] = answer
      b.read('p', { places: 1, catchUpTimeoutMs: 0 })
      await settle()
    }
    b.gone.add('p')
    b.read('p')
    b.gone.delete('p')
    b.nodes.p.leaseError = reset()
    b.read('p')
    await settle()
    expect(b.log).not.toContain('spillRefused')
    expect(b.freePlaces).toBe(1)
  })

  it('a read that is given up while it waits for a connection gives its place back, and the connection too', async () => {
    let handOver = (): void => {}
    b.nodes.p.deferLease = (callBack) => (handOver = callBack)
    b.read('p', { places: 1, catchUpTimeoutMs: 0 })
    b.attempts.abandon('p', reset())
    await settle()
    handOver()
    await settle()
    expect(b.sent).toBe('')
    expect(b.nodes.p.leases.map(({ releases }) => releases)).toEqual([[undefined]])
    expect(b.freePlaces).toBe(1)
  })

  it('the place is free before the caller hears: the next thing that it does may be to read', () => {
    b.answers['p'] = 'rows'
    b.read('p', { places: 1, catchUpTimeoutMs: 0 }, (...first) => {
      b.done(...first)
      b.read('p')
    })
    expect(b.outcome).toBe('rows and rows')
  })

  it('a read over the number waits for its turn', () => {
    b.read('p', { places: 1 })
    b.read('p')
    expect(b.sent).toBe('p')
    b.waiting[0]?.(undefined, 'first')
    expect(b.sent).toBe('pp')
    b.waiting[1]?.(undefined, 'second')
    expect(b.outcome).toBe('first and second')
    expect(b.platform.pendingTimers).toBe(0)
  })

  it.each([
    ['without a failure, says so', 'p', 'SWITCHYARD_PRIMARY_SPILL'],
    ['after one, says that', 'ap', 'ECONNRESET'],
  ])('a read that gets no place and has nowhere else to go, %s', (_name, word, code) => {
    b.answers['a'] = reset()
    b.read('p', { places: 1, catchUpTimeoutMs: 0 })
    const errors: unknown[] = []
    b.read(word, {}, (error) => errors.push(error))
    expect(b.log).toContain('spillRefused')
    expect(errors).toMatchObject([{ code }])
  })

  it('a read that gets no place tries who was ejected', () => {
    b.answers['c'] = 'rows'
    b.read('p', { places: 1, catchUpTimeoutMs: 0 })
    b.read('pc!')
    expect(b.outcome).toBe('rows')
  })

  it('does not count when the route wants the primary', () => {
    b.answers['p'] = 'rows'
    b.spill = new SpillGate({ platform: b.platform, places: 0, waitMs: 0 })
    const { steps, rejected } = planOf('p')
    const plan = { steps: steps.map(({ node }) => ({ node, reason: 'primary' as const })), rejected }
    b.reader().read(
      b.readOf(() => plan),
      b.done,
    )
    expect(b.outcome).toBe('rows')
  })
})
