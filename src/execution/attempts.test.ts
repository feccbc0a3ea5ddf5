import { AsyncLocalStorage } from 'node:async_hooks'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ExecutionBench,
  ownFault,
  refusal,
  reset,
  server,
  views,
} from '../../test/support/execution-bench.ts'
import type { FakeLease } from '../../test/support/fake-nodes.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { observed, up } from '../../test/support/views.ts'
import type { NodeState } from '../topology/node.ts'
import type { Attempted } from './attempted.ts'
import type { Send } from './execution.ts'

let b: ExecutionBench
let ends: Attempted[]
const attempted = (end: Attempted): void => void ends.push(end)
const write = (send: Send = b.send): void => b.attempts.write(views.p, send, attempted)
const read = (timeoutMs?: number): void => b.attempts.read(views.a, b, { timeoutMs, keeps: false }, attempted)

beforeEach(() => {
  b = new ExecutionBench()
  ends = []
})

describe('an attempt', () => {
  it.each([
    ['an answer', 'rows', undefined, undefined],
    ['a fault of the statement', ownFault(), 'statement', 'error 42P01'],
    ['a broken connection', reset(), 'node', 'read ECONNRESET'],
  ])('ends with %s', (_name, answer, failure, message) => {
    b.answers['p'] = answer
    write()
    expect(ends).toMatchObject([{ failure, wasSent: true }])
    expect(ends[0]?.error?.message).toBe(message)
    expect(ends[0]?.result).toBe(message === undefined ? 'rows' : undefined)
  })

  it('without a connection was not sent', () => {
    b.nodes.p.leaseError = reset()
    write()
    expect(ends).toMatchObject([{ failure: 'node', wasSent: false }])
    expect(b.sent).toBe('')
  })

  it.each([
    ['a read', (): void => read()],
    ['a write', (): void => write()],
  ])('on a node that is none: %s', (_name, run) => {
    b.gone.add('a').add('p')
    run()
    expect(ends).toMatchObject([{ failure: 'busy', wasSent: false }])
  })

  it('on a node that is none leaves no timer', () => {
    b.gone.add('a')
    read(100)
    expect(b.platform.pendingTimers).toBe(0)
  })

  it('ends once, however often the end is reported', async () => {
    write()
    const [lease] = b.nodes.p.leases
    lease?.emit('error', reset())
    b.waiting[0]?.(server('57P01'))
    b.waiting[0]?.(undefined, 'rows')
    await settle()
    expect(ends).toMatchObject([{ error: { message: 'read ECONNRESET' } }])
    expect(b.releases).toEqual([1])
  })

  it('is ended by what sending throws', () => {
    write(() => {
      throw new TypeError('Client was passed a null or undefined query')
    })
    expect(ends).toMatchObject([{ failure: 'statement', error: { name: 'TypeError' } }])
    expect(b.releases).toEqual([1])
  })

  it('that gets no connection for no said reason is an error all the same', () => {
    b.nodes.p.lease = (callback) => callback(undefined)
    write()
    expect(ends).toMatchObject([
      { failure: 'node', error: { message: 'Connection terminated unexpectedly' }, wasSent: false },
    ])
  })

  it('ends though giving the connection back throws, as a listener of the pool may', () => {
    write()
    const [lease] = b.nodes.p.leases
    if (lease === undefined) throw new Error('There is no lease')
    lease.release = () => {
      throw new Error('a listener of mine')
    }
    expect(() => b.waiting[0]?.(undefined, 'rows')).toThrow('a listener of mine')
    expect(ends).toMatchObject([{ result: 'rows', error: undefined }])
  })
})

describe('the connection', () => {
  it.each([
    ['an answer keeps it', 'rows', undefined],
    ['an error costs it, as with pg.Pool', ownFault(), { message: 'error 42P01' }],
  ])('%s', (_name, answer, expected) => {
    b.answers['p'] = answer
    write()
    const [lease] = b.nodes.p.leases
    expect(lease?.releases).toMatchObject([expected])
    expect(lease?.listenerCount('error')).toBe(0)
  })

  it('is given back before the caller hears, so that the caller may use it', () => {
    b.answers['p'] = 'rows'
    let seen: readonly number[] = []
    b.attempts.write(views.p, b.send, () => (seen = b.releases))
    expect(seen).toEqual([1])
  })

  it('is used in the async context of the caller, not of the code that hands it over', () => {
    const storage = new AsyncLocalStorage<string>()
    let handOver = (): void => {}
    b.nodes.p.deferLease = (callBack) => (handOver = callBack)
    storage.run('mine', () => write((_client, done) => done(undefined, storage.getStore())))
    storage.run('another', () => handOver())
    expect(ends).toMatchObject([{ result: 'mine' }])
  })
})

describe('a read', () => {
  it('that takes too long has met a failure of the node', async () => {
    read(100)
    await b.platform.advance(100)
    expect(ends).toMatchObject([
      { failure: 'node', error: { code: 'SWITCHYARD_READ_TIMEOUT', retryable: true }, wasSent: true },
    ])
    expect(ends[0]?.error?.message).toBe('a did not answer a read within 100 ms')
  })

  it('that takes too long to get a connection, too; the connection, which works, goes back when it comes', async () => {
    let handOver = (): void => {}
    b.nodes.a.deferLease = (callBack) => (handOver = callBack)
    read(100)
    await b.platform.advance(100)
    expect(ends).toMatchObject([{ failure: 'node', wasSent: false }])
    handOver()
    await settle()
    expect(b.sent).toBe('')
    expect(b.nodes.a.leases.map(({ releases }) => releases)).toEqual([[undefined]])
  })

  it('that is answered in time leaves no timer', () => {
    b.answers['a'] = 'rows'
    read(100)
    read(100)
    expect(b.platform.pendingTimers).toBe(0)
    expect(ends).toHaveLength(2)
  })

  it('that a standby refuses needs no proof', () => {
    b.answers['a'] = refusal()
    read()
    expect(ends).toMatchObject([{ failure: 'standby-refusal' }])
  })
})

describe('when a node is gone', () => {
  it.each(['waiting for a connection', 'sent'])('its reads have failed: %s', (how) => {
    if (how !== 'sent') b.nodes.a.deferLease = () => {}
    read(1000)
    b.attempts.read(views.b, b, { timeoutMs: undefined, keeps: false }, attempted)
    b.attempts.abandon('a', new Error('no answer to a probe'))
    expect(ends).toMatchObject([{ failure: 'node', error: { message: 'no answer to a probe' } }])
    expect(b.platform.pendingTimers).toBe(0)
    b.attempts.abandon('a', new Error('again'))
    expect(ends).toHaveLength(1)
  })

  it('waits for what was written there', () => {
    write()
    b.attempts.abandon('p', new Error('no answer to a probe'))
    expect(ends).toEqual([])
  })

  it('a write that waits for a connection was not sent', () => {
    b.nodes.p.deferLease = () => {}
    write()
    b.attempts.abandon('p', new Error('no answer to a probe'))
    expect(ends).toMatchObject([{ failure: 'node', wasSent: false }])
  })

  it('a new request for it is separate, although it comes at once', () => {
    b.attempts.read(views.a, b, { timeoutMs: undefined, keeps: false }, (end) => {
      attempted(end)
      read()
    })
    b.attempts.abandon('a', new Error('no answer to a probe'))
    expect(ends).toHaveLength(1)
    expect(b.sent).toBe('aa')
  })

  it('the next read is another matter', () => {
    b.answers['a'] = 'rows'
    b.attempts.abandon('a', new Error('no answer to a probe'))
    read()
    expect(ends).toMatchObject([{ result: 'rows' }])
  })
})

describe('a read for the primary of an older plan', () => {
  it.each([
    ['is not sent to it while another one takes writes', [views.p, views.q], views.q],
    ['is not sent to it once it is a standby', [{ ...views.p, role: 'replica' as const }], undefined],
  ])('%s', (_name, nodes, primary) => {
    const state = up(observed('primary', '0/1000', { serverIdentity: 'another' }))
    const successor = primary && { ...primary, state }
    Object.assign(b.cluster, { snapshot: { nodes, ...(successor && { primary: successor }) } })
    b.attempts.read(views.p, b, { timeoutMs: undefined, keeps: false }, attempted)
    expect(ends).toMatchObject([
      { failure: 'fenced', error: { message: 'p is no longer the primary' }, wasSent: false },
    ])
    expect(b.sent).toBe('')
  })

  it('is sent to it if it was restarted', () => {
    const restarted = { ...views.p, state: up(observed('primary', '0/1000', { serverIdentity: 'another' })) }
    Object.assign(b.cluster, { snapshot: { nodes: [restarted], primary: restarted } })
    b.answers['p'] = 'rows'
    b.attempts.read(views.p, b, { timeoutMs: undefined, keeps: false }, attempted)
    expect(ends).toMatchObject([{ result: 'rows' }])
  })
})

describe('a read whose replica has restarted since its plan was made', () => {
  const restarted = observed('replica', '0/1000', { serverIdentity: 'another' })
  const suspected = { name: 'suspected', cause: new Error('lost'), sinceMs: 0 } as const
  const becomes = (state: NodeState): void =>
    void Object.assign(b.cluster, { snapshot: { nodes: [{ ...views.a, state }] } })

  describe.each(['before it is sent', 'while it waits for its connection'])('%s', (when) => {
    it.each<[string, NodeState, string]>([
      ['is not sent to it: it may show less than it did', up(restarted), ''],
      ['is not sent to it either when it is suspected again', { ...suspected, last: restarted }, ''],
      [
        'is sent to it if only its state has changed',
        { ...suspected, last: observed('replica', '0/1000') },
        'a',
      ],
    ])('%s', async (_what, state, sent) => {
      if (when === 'before it is sent') becomes(state)
      else {
        b.nodes.a.deferLease = (callBack) => {
          becomes(state)
          callBack()
        }
      }
      b.answers['a'] = 'rows'
      read()
      expect(b.sent).toBe(sent)
      expect(ends).toMatchObject([sent === '' ? { failure: 'fenced', wasSent: false } : { result: 'rows' }])
      await settle()
      const isRefusedAtOnce = sent === '' && when === 'before it is sent'
      expect(b.nodes.a.leases.map(({ releases }) => releases.length)).toEqual(isRefusedAtOnce ? [] : [1])
    })
  })
})

describe('a refusal by what was the primary', () => {
  beforeEach(() => {
    b.answers['p'] = refusal()
  })

  it.each([
    [true, 'standby-refusal'],
    [false, 'statement'],
  ])('asks the server whether it is a standby: %s', async (isStandby, failure) => {
    b.nodes.p.isStandby = isStandby
    write()
    expect(ends).toEqual([])
    await settle()
    expect(ends).toMatchObject([{ failure, error: { message: 'error 25006' } }])
    expect(b.releases).toEqual([1])
  })

  it('holds for reads, too', async () => {
    b.attempts.read(views.p, b, { timeoutMs: undefined, keeps: false }, attempted)
    await settle()
    expect(ends).toMatchObject([{ failure: 'statement' }])
  })

  it('that cannot be proven is the answer', async () => {
    write((client, done) => {
      ;(client as unknown as FakeLease).query = (_question, answered) => answered(reset())
      done(refusal())
    })
    await settle()
    expect(ends).toMatchObject([{ failure: 'statement', error: { message: 'error 25006' } }])
  })
})

describe('a connection that is refused', () => {
  it.each([
    ['which refuses the login, as a failure of it: the monitor is to look', '28000', 'node'],
    ['for a reason of its own', '22000', 'busy'],
  ])('by a replica leaves the read to others, %s', (_name, code, failure) => {
    b.nodes.a.leaseError = server(code)
    read()
    expect(ends).toMatchObject([{ failure, wasSent: false }])
  })

  it('by the primary, is the answer', () => {
    b.nodes.p.leaseError = server('28000', 'ClientAuthentication')
    write()
    expect(ends).toMatchObject([{ failure: 'statement', wasSent: false }])
  })
})
