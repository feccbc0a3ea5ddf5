import { beforeEach, describe, expect, it } from 'vitest'
import {
  conflict,
  ExecutionBench,
  FAILOVER_TIMEOUT_MS,
  ownFault,
  queryTimeout,
  refusal,
  reset,
  server,
  shutdown,
  views,
} from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { uncaughtDuring } from '../../test/support/uncaught.ts'
import { outcomeOf } from '../errors/outcome.ts'
import { Writer, type PrimaryLease } from './writer.ts'

class Bench extends ExecutionBench {
  readonly leases: PrimaryLease[] = []
  readonly errors: Error[] = []

  get writer(): Writer {
    const { attempts, cluster, listener, platform } = this
    return new Writer({ attempts, cluster, listener, platform, failoverTimeoutMs: FAILOVER_TIMEOUT_MS })
  }

  async write(): Promise<void> {
    this.writer.write(this.send, this.done)
    await settle()
  }

  async lease(): Promise<void> {
    this.writer.lease((error, lease) => {
      if (lease !== undefined) this.leases.push(lease)
      if (error !== undefined) this.errors.push(error)
      this.done(error, lease?.node.id)
    })
    await settle()
  }
}

const unreachable = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

let b: Bench
beforeEach(() => {
  b = new Bench()
})

describe('a write', () => {
  it('is sent, and answered untouched', async () => {
    b.answers['p'] = 'rows'
    await b.write()
    expect(b.log).toEqual(['sent p', 'done with rows'])
  })

  it.each<[string, () => Error, string]>([
    ['a broken connection', reset, ' (unknown)'],
    ['a shutdown', shutdown, ' (unknown)'],
    ['a timeout of the caller', queryTimeout, ' (unknown)'],
    ['a recovery conflict', conflict, ''],
    ['its own fault', ownFault, ''],
    ['a statement timeout', () => server('57014'), ''],
    ['a refusal of a server that is no standby', refusal, ''],
  ])('is sent once, whatever fails, and says what is known: %s', async (_name, error, noted) => {
    b.answers['p'] = error()
    b.primaries.push(views.q)
    b.answers['q'] = 'rows'
    await b.write()
    expect(b.sent).toBe('p')
    expect(b.outcome).toBe(`${error().message}${noted}`)
    expect(b.releases).toEqual([1])
  })

  it('is sent once even if the connection reports its end twice', async () => {
    await b.write()
    b.nodes.p.leases[0]?.emit('error', reset())
    b.waiting[0]?.(reset())
    await settle()
    expect(b.sent).toBe('p')
    expect(b.outcome).toBe('read ECONNRESET (unknown)')
  })

  it.each([
    ['tells of a node that failed', reset, true],
    ['does not blame the node for a fault of the statement', ownFault, false],
    ['does not blame a primary that is read-only by default', refusal, false],
  ])('%s', async (_name, error, isBlamed) => {
    b.answers['p'] = error()
    await b.write()
    expect(b.log.includes('nodeFailed p')).toBe(isBlamed)
  })

  it('says nothing to the balancer, and is no read', async () => {
    b.answers['p'] = 'rows'
    await b.write()
    expect(b.log.some((line) => /^(started|ended|readAnswered)/.test(line))).toBe(false)
  })

  it('is answered once, though the callback throws', async () => {
    let calls = 0
    b.answers['p'] = 'rows'
    const uncaught = await uncaughtDuring(() =>
      b.writer.write(b.send, () => {
        calls += 1
        throw new Error('mine')
      }),
    )
    expect(calls).toBe(1)
    expect(uncaught).toMatchObject([{ message: 'mine' }])
  })
})

describe('a write that was not sent', () => {
  it('waits for the primary, and goes there', async () => {
    b.nodes.p.leaseError = unreachable()
    b.answers['q'] = 'rows'
    b.primaries.push(views.q)
    await b.write()
    expect(b.log).toEqual([
      'nodeFailed p',
      `awaits a primary for ${FAILOVER_TIMEOUT_MS}`,
      'sent q',
      'done with rows',
    ])
  })

  it('says so when there is no primary in time', async () => {
    b.primary = undefined
    await b.write()
    expect(b.log).toEqual([
      `awaits a primary for ${FAILOVER_TIMEOUT_MS}`,
      'done with No primary found (not-sent)',
    ])
  })

  it('waits for a connection no longer than its node lives', async () => {
    b.nodes.p.deferLease = () => {}
    b.answers['q'] = 'rows'
    b.primaries.push(views.q)
    await b.write()
    b.attempts.abandon('p', new Error('no answer to a probe'))
    await settle()
    expect(b.sent).toBe('q')
    expect(b.outcome).toBe('rows')
  })

  it('is tried four times when no connection can be had though probes are answered', async () => {
    b.nodes.p.leaseError = unreachable()
    b.primaries.push(views.p, views.p, views.p, views.p, views.p)
    await b.write()
    await b.platform.advance(10_000)
    expect(b.log.filter((line) => line === 'nodeFailed p')).toHaveLength(4)
    expect(b.outcome).toBe('connect ECONNREFUSED (not-sent)')
    expect([b.platform.pendingTimers, b.platform.heldOpen]).toEqual([0, 0])
  })

  it('waits in all no longer than its time', async () => {
    b.primary = undefined
    b.nodes.p.leaseError = unreachable()
    const waits: number[] = []
    b.cluster.awaitPrimary = async (timeoutMs) => {
      waits.push(timeoutMs)
      await new Promise<void>((resolve) => b.platform.schedule(Math.min(timeoutMs, 20_000), resolve))
      b.primary = timeoutMs > 20_000 ? views.p : undefined
      return b.primary !== undefined
    }
    await b.write()
    await b.platform.advance(FAILOVER_TIMEOUT_MS)
    expect(waits).toEqual([FAILOVER_TIMEOUT_MS, FAILOVER_TIMEOUT_MS - 20_000])
    expect(b.outcome).toBe('No primary found (not-sent)')
  })

  it.each<[string, () => void]>([
    ['for a refused login', () => (b.nodes.p.leaseError = server('28P01'))],
    ['for a node that has left the cluster', () => b.gone.add('p')],
    ['for a pool that has ended', () => (b.nodes.p.leaseError = new Error('Cannot use a pool after end'))],
  ])('%s, fails at once', async (_name, hurt) => {
    hurt()
    b.primaries.push(views.q)
    await b.write()
    expect(b.sent).toBe('')
    expect(b.outcome).toContain('(not-sent)')
    expect(b.log).not.toContain('nodeFailed p')
  })

  it('a cluster that cannot be asked fails it, and nothing else', async () => {
    b.primary = undefined
    b.cluster.awaitPrimary = () => Promise.reject(new Error('closed'))
    await b.write()
    expect(b.outcome).toBe('closed')
  })
})

describe('a write that a demoted server refuses', () => {
  beforeEach(() => {
    b.answers['p'] = refusal()
    b.nodes.p.isStandby = true
  })

  it('goes to the true primary, once', async () => {
    b.answers['q'] = 'rows'
    b.primaries.push(views.q)
    await b.write()
    expect(b.sent).toBe('pq')
    expect(b.log).toContain('nodeFailed p')
    expect(b.outcome).toBe('rows')
    expect(b.releases).toEqual([1, 1])
  })

  it('and which another one refuses as well has not happened', async () => {
    b.answers['q'] = refusal()
    b.nodes.q.isStandby = true
    b.primaries.push(views.q, views.p)
    await b.write()
    expect(b.sent).toBe('pq')
    expect(b.outcome).toBe('error 25006 (not-sent)')
  })

  it('and which is lost on the other is sent no more', async () => {
    b.answers['q'] = reset()
    b.primaries.push(views.q, views.q)
    await b.write()
    expect(b.sent).toBe('pq')
    expect(b.outcome).toBe('read ECONNRESET (unknown)')
  })

  it('fails with what is missing when there is no other primary', async () => {
    await b.write()
    expect(b.outcome).toBe('No primary found (not-sent)')
  })
})

describe('a primary that the cluster has left behind', () => {
  it.each([
    ['a write', (): Promise<void> => b.write()],
    ['a lease', (): Promise<void> => b.lease()],
  ])('gets nothing of what waits for a connection there, and is not suspected: %s', async (_name, run) => {
    let handOver = (): void => {}
    b.nodes.p.deferLease = (callBack) => (handOver = callBack)
    await run()
    b.primary = views.q
    b.answers['q'] = 'q'
    b.attempts.abandon('p', new Error('no longer the primary'), 'fenced')
    handOver()
    await settle()
    expect(b.outcome).toBe('q')
    expect(b.sent).not.toContain('p')
    expect(b.log).not.toContain('nodeFailed p')
  })
})

describe('a lease', () => {
  it('is a connection to the primary, for the requesting caller', async () => {
    await b.lease()
    expect(b.leases).toMatchObject([{ node: views.p, client: b.nodes.p.leases[0] }])
    expect(b.releases).toEqual([0])
  })

  it('waits for the primary', async () => {
    b.nodes.p.leaseError = unreachable()
    b.primaries.push(views.q)
    await b.lease()
    expect(b.leases).toMatchObject([{ node: views.q }])
    expect(b.log).toContain('nodeFailed p')
  })

  it('that is waited for ends with its node; the connection goes back when it comes after all', async () => {
    let handOver = (): void => {}
    b.nodes.p.deferLease = (callBack) => (handOver = callBack)
    b.primaries.push(views.q)
    await b.lease()
    b.attempts.abandon('p', new Error('no answer to a probe'))
    await settle()
    handOver()
    await settle()
    expect(b.outcome).toBe('q')
    expect(b.nodes.p.leases.map(({ releases }) => releases)).toEqual([[undefined]])
  })

  it('that was handed over is not taken away when the node is down', async () => {
    await b.lease()
    b.attempts.abandon('p', new Error('no answer to a probe'))
    await settle()
    expect(b.outcome).toBe('p')
    expect(b.releases).toEqual([0])
  })

  it.each<[string, () => void]>([
    ['a refused login', () => (b.nodes.p.leaseError = server('28P01'))],
    ['a node that has left the cluster', () => b.gone.add('p')],
    ['no primary', () => (b.primary = undefined)],
  ])('that cannot be had says that nothing was sent: %s', async (_name, hurt) => {
    hurt()
    await b.lease()
    expect(b.errors.map(outcomeOf)).toEqual(['not-sent'])
    expect(b.leases).toEqual([])
  })
})
