import { AsyncLocalStorage } from 'node:async_hooks'
import { DatabaseError } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeNode, type FakeLease } from '../../test/support/fake-nodes.ts'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { freshAsOf, primaryView, replicaView } from '../../test/support/views.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Executor, type Done, type Send } from './executor.ts'

function server(code: string, routine?: string): Error {
  return Object.assign(new DatabaseError(`error ${code}`, 100, 'error'), { code, routine })
}

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const refusal = (): Error => server('25006', 'ExecCheckXactReadOnly')
const conflict = (): Error => server('40001', 'ProcessInterrupts')
const ownFault = (): Error => server('42P01', 'parserOpenTable')

const views = {
  a: replicaView('a', freshAsOf(0)),
  b: replicaView('b', freshAsOf(0)),
  c: replicaView('c', freshAsOf(0)),
  p: primaryView('p'),
}
type Name = keyof typeof views

/** Replicas in this order, and the primary as the fallback. */
function planOf(...names: readonly Name[]): QueryPlan {
  const steps = names.map((name) => ({
    node: views[name],
    reason: name === 'p' ? ('fallback' as const) : ('replica' as const),
  }))
  return { steps, rejected: [] }
}

/** One executor over four nodes; `log` has everything that it told, in order. */
class Bench {
  readonly log: string[] = []
  readonly nodes = { a: new FakeNode('a'), b: new FakeNode('b'), c: new FakeNode('c'), p: new FakeNode('p') }
  readonly platform = new FakePlatform()
  /** What each node answers: an error, a result, or nothing while it is not told. */
  readonly answers: Partial<Record<string, unknown>> = {}
  /** Callbacks of statements that wait for an answer. */
  readonly waiting: Done[] = []
  balancer: Balancer = {
    order: (candidates) => candidates,
    started: (node, candidates) =>
      void this.log.push(`started ${node.id} of ${candidates.map(({ id }) => id).join('')}`),
    ended: (node, { elapsedMs, answered }) =>
      void this.log.push(`ended ${node.id} ${answered ? 'answered' : 'failed'} after ${elapsedMs}`),
  }

  get executor(): Executor {
    return new Executor({
      nodeOf: (id) => this.nodes[id as Name],
      balancer: this.balancer,
      platform: this.platform,
      listener: {
        sent: (node: NodeView) => void this.log.push(`sent ${node.id}`),
        readAnswered: (node) => void this.log.push(`readAnswered ${node.id}`),
        nodeFailed: (node) => void this.log.push(`nodeFailed ${node.id}`),
      },
    })
  }

  readonly send: Send = (client, done) => {
    const { node } = client as unknown as FakeLease
    const answer = this.answers[node]
    if (answer === undefined) this.waiting.push(done)
    else if (answer instanceof Error) done(answer)
    else done(undefined, answer)
  }

  readonly done: Done = (error, result) => {
    this.log.push(error ? `done with ${error.message}` : `done with ${String(result)}`)
  }

  read(...names: readonly Name[]): void {
    const refused = (node: string, error: Error): void =>
      void this.log.push(`refused by ${node}: ${error.message}`)
    this.executor.read({ plan: planOf(...names), send: this.send, refused }, this.done)
  }

  write(): void {
    this.executor.write(views.p, this.send, this.done)
  }

  /** Nodes to which the statement was sent, in order. */
  get sent(): readonly string[] {
    return this.log.filter((line) => line.startsWith('sent ')).map((line) => line.slice(5))
  }

  /** What the caller heard; more than once would show. */
  get outcome(): string {
    const dones = this.log.filter((line) => line.startsWith('done '))
    return dones.map((line) => line.slice('done with '.length)).join(' and ')
  }
}

let b: Bench
beforeEach(() => {
  b = new Bench()
})

describe('a write', () => {
  it('is sent, and answered untouched', () => {
    b.answers['p'] = 'rows'
    b.write()
    expect(b.log).toEqual(['sent p', 'done with rows'])
  })

  it.each([
    ['a broken connection', reset()],
    ['a shutdown', server('57P01')],
    ['a refusal by what is a standby now', refusal()],
    ['a recovery conflict', conflict()],
    ['its own fault', ownFault()],
    ['a timeout of the caller', new Error('Query read timeout')],
    ['too many connections', server('53300')],
  ])('is sent once, whatever fails: %s', (_name, error) => {
    b.answers['p'] = error
    b.write()
    expect(b.sent).toEqual(['p'])
    expect(b.outcome).toBe(error.message)
    expect(b.nodes.p.leases).toHaveLength(1)
  })

  it('is sent once even if the connection reports its end twice', () => {
    b.write()
    b.nodes.p.leases[0]?.emit('error', reset())
    b.waiting[0]?.(reset())
    expect(b.sent).toEqual(['p'])
    expect(b.log.filter((line) => line.startsWith('done'))).toHaveLength(1)
  })

  it('is not sent when there is no connection for it', () => {
    b.nodes.p.leaseError = new Error('connect ECONNREFUSED')
    b.write()
    expect(b.log).toEqual(['nodeFailed p', 'done with connect ECONNREFUSED'])
  })

  it.each([
    ['tells of a node that failed', reset(), true],
    ['does not blame the node for a fault of the statement', ownFault(), false],
    ['tells of a refusal: the primary may have been demoted', refusal(), true],
  ])('%s', (_name, error, isBlamed) => {
    b.answers['p'] = error
    b.write()
    expect(b.log.includes('nodeFailed p')).toBe(isBlamed)
  })

  it('says nothing to the balancer, and is no read', () => {
    b.answers['p'] = 'rows'
    b.write()
    expect(b.log.some((line) => /^(started|ended|readAnswered)/.test(line))).toBe(false)
  })
})

describe('a read', () => {
  it('goes to the first of the plan', () => {
    b.answers['a'] = 'rows'
    b.read('a', 'b', 'p')
    expect(b.log).toEqual([
      'started a of ab',
      'sent a',
      'ended a answered after 0',
      'readAnswered a',
      'done with rows',
    ])
  })

  it.each([
    ['a broken connection', reset()],
    ['a shutdown', server('57P01')],
    ['a server that starts up', server('57P03')],
    ['too many connections', server('53300')],
    ['a recovery conflict', conflict()],
  ])('moves on after %s, node by node, to the primary at last', (_name, error) => {
    Object.assign(b.answers, { a: error, b: error, p: 'rows' })
    b.read('a', 'b', 'p')
    expect(b.sent).toEqual(['a', 'b', 'p'])
    expect(b.outcome).toBe('rows')
  })

  it.each([
    ['its own fault', ownFault()],
    ['a timeout of the caller', new Error('Query read timeout')],
    ['a statement timeout', server('57014')],
    ['a cached plan that changed', server('0A000', 'RevalidateCachedQuery')],
  ])('stays after %s: it would fail anywhere', (_name, error) => {
    Object.assign(b.answers, { a: error, b: 'rows', p: 'rows' })
    b.read('a', 'b', 'p')
    expect(b.sent).toEqual(['a'])
    expect(b.outcome).toBe(error.message)
    expect(b.log).toContain('readAnswered a')
    expect(b.log).not.toContain('nodeFailed a')
  })

  it('that a standby refuses goes straight to the primary: what one refuses, all refuse', () => {
    Object.assign(b.answers, { a: refusal(), b: 'rows', p: 'from the primary' })
    b.read('a', 'b', 'c', 'p')
    expect(b.sent).toEqual(['a', 'p'])
    expect(b.outcome).toBe('from the primary')
    expect(b.log.filter((line) => line.startsWith('refused'))).toEqual(['refused by a: error 25006'])
    expect(b.log).not.toContain('nodeFailed a')
  })

  it('that a standby refuses while there is no primary fails as the standby said', () => {
    Object.assign(b.answers, { a: refusal(), b: 'rows' })
    b.read('a', 'b')
    expect(b.sent).toEqual(['a'])
    expect(b.outcome).toBe('error 25006')
  })

  it('that the primary itself refuses is not sent again, and no standby has refused it', () => {
    Object.assign(b.answers, { a: reset(), p: refusal() })
    b.read('a', 'p')
    expect(b.sent).toEqual(['a', 'p'])
    expect(b.outcome).toBe('error 25006')
    expect(b.log.some((line) => line.startsWith('refused'))).toBe(false)
  })

  it('moves on when there is no connection to be had, without having been sent', () => {
    b.nodes.a.leaseError = new Error('timeout exceeded when trying to connect')
    b.answers['b'] = 'rows'
    b.read('a', 'b', 'p')
    expect(b.log).toEqual([
      'started a of ab',
      'ended a failed after 0',
      'nodeFailed a',
      'started b of b',
      'sent b',
      'ended b answered after 0',
      'readAnswered b',
      'done with rows',
    ])
  })

  it.each<[string, readonly Name[]]>([
    ['the primary', ['a', 'p']],
    ['the last replica, without a primary', ['a', 'b']],
  ])('that %s fails too gets the last error', (_name, names) => {
    Object.assign(b.answers, { a: reset(), b: server('57P01'), p: server('57P01') })
    b.read(...names)
    expect(b.sent).toEqual(names)
    expect(b.outcome).toBe('error 57P01')
    expect(b.log).toContain(`nodeFailed ${names.at(-1)}`)
    expect(b.log.some((line) => line.startsWith('readAnswered'))).toBe(false)
  })

  it('tells the balancer how long each took, and who failed', async () => {
    b.read('a', 'b', 'p')
    await b.platform.advance(30)
    b.waiting.shift()?.(reset())
    await b.platform.advance(12)
    b.waiting.shift()?.(undefined, 'rows')
    expect(b.log.filter((line) => /^(started|ended)/.test(line))).toEqual([
      'started a of ab',
      'ended a failed after 30',
      'started b of b',
      'ended b answered after 12',
    ])
  })

  it("the primary as fallback is none of the balancer's business", () => {
    b.answers['p'] = 'rows'
    b.read('p')
    expect(b.log).toEqual(['sent p', 'readAnswered p', 'done with rows'])
  })

  it("a recovery conflict is not the node's failure", () => {
    Object.assign(b.answers, { a: conflict(), p: 'rows' })
    b.read('a', 'p')
    expect(b.log).toContain('ended a answered after 0')
    expect(b.log).not.toContain('nodeFailed a')
    expect(b.log.some((line) => line.startsWith('refused'))).toBe(false)
  })

  it('does without a balancer that wants to know', () => {
    b.balancer = { order: (candidates) => candidates }
    b.answers['a'] = 'rows'
    b.read('a', 'p')
    expect(b.outcome).toBe('rows')
  })

  it('a plan without a step is a mistake of ours, and said so', () => {
    expect(() => b.read()).toThrow(RangeError)
  })
})

describe('the connection', () => {
  it.each([
    ['an answer keeps it', 'rows', undefined],
    ['an error costs it, as with pg.Pool', ownFault(), 'error 42P01'],
  ])('%s', (_name, answer, message) => {
    b.answers['p'] = answer
    b.write()
    const [lease] = b.nodes.p.leases
    expect(lease?.releases.map((error) => (error instanceof Error ? error.message : error))).toEqual([
      message,
    ])
    expect(lease?.listenerCount('error')).toBe(0)
  })

  it('is given back before the caller hears, so that the caller may use it', () => {
    const { executor, nodes } = b
    b.answers['p'] = 'rows'
    executor.write(views.p, b.send, () => {
      expect(nodes.p.leases[0]?.releases).toHaveLength(1)
      b.log.push('checked')
    })
    expect(b.log).toContain('checked')
  })

  it('is given back once when it breaks and the query fails of it as well', () => {
    b.write()
    const [lease] = b.nodes.p.leases
    lease?.emit('error', reset())
    b.waiting[0]?.(server('57P01'))
    expect(lease?.releases).toHaveLength(1)
    expect(b.outcome).toBe('read ECONNRESET')
  })

  it('is given back when sending throws', () => {
    const send: Send = () => {
      throw new TypeError('Client was passed a null or undefined query')
    }
    b.executor.write(views.p, send, b.done)
    expect(b.outcome).toBe('Client was passed a null or undefined query')
    expect(b.nodes.p.leases[0]?.releases).toHaveLength(1)
  })

  it('that cannot be had for no said reason is an error all the same', () => {
    b.nodes.p.lease = (callback) => callback(undefined)
    b.write()
    expect(b.outcome).toBe('Connection terminated unexpectedly')
  })

  it('is used in the async context of the caller, whoever hands it over', () => {
    const storage = new AsyncLocalStorage<string>()
    let handOver = (): void => {}
    b.nodes.p.deferLease = (callBack) => (handOver = callBack)
    const send: Send = (_client, done) => done(undefined, storage.getStore())
    storage.run('mine', () => b.executor.write(views.p, send, b.done))
    storage.run('another', () => handOver())
    expect(b.outcome).toBe('mine')
  })
})
