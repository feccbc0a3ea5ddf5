import { DatabaseError } from 'pg'
import { Attempts } from '../../src/execution/attempts.ts'
import type { Cluster, Done, ExecutionListener, Send } from '../../src/execution/execution.ts'
import { HealthBook } from '../../src/execution/health-book.ts'
import { outcomeOf } from '../../src/errors/outcome.ts'
import type { Balancer } from '../../src/selection/balancer.ts'
import type { QueryPlan, StepReason } from '../../src/selection/query-plan.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { FakeNode, type FakeLease } from './fake-nodes.ts'
import { FakePlatform } from './fake-platform.ts'
import { freshAsOf, observed, primaryView, replicaView, up } from './views.ts'

export const FAILOVER_TIMEOUT_MS = 30_000

/** An error as a server sends it. */
export function server(code: string, routine?: string): Error {
  return Object.assign(new DatabaseError(`error ${code}`, 100, 'error'), { code, routine })
}

export const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
export const shutdown = (): Error => server('57P01')
export const refusal = (): Error => server('25006', 'ExecCheckXactReadOnly')
export const conflict = (): Error => server('40001', 'ProcessInterrupts')
export const ownFault = (): Error => server('42P01', 'parserOpenTable')
export const queryTimeout = (): Error => new Error('Query read timeout')

export type Name = 'a' | 'b' | 'c' | 'p' | 'q'

const CAUGHT_UP = up(observed('replica', '0/1000', { timeline: 1 }))

/** Replicas a, b and c; p and q take the part of the primary. */
export const views: Readonly<Record<Name, NodeView>> = {
  a: replicaView('a', freshAsOf(0), { state: CAUGHT_UP }),
  b: replicaView('b', freshAsOf(0), { state: CAUGHT_UP }),
  c: replicaView('c', freshAsOf(0), { state: CAUGHT_UP }),
  p: primaryView('p'),
  q: primaryView('q'),
}

const isName = (text: string): text is Name => text in views

/**
 * A plan in one word: replicas in this order, a primary as the fallback, `c!` as the last resort, `p^` for a primary that is
 * quicker than the replicas.
 */
export function planOf(word: string): QueryPlan {
  const steps = [...word.matchAll(/(\w)([!^]?)/g)].flatMap(([, name = '', last]) => {
    if (!isName(name)) return []
    const node = views[name]
    return [{ node, reason: reasonOf(node, last) }]
  })
  return { steps, rejected: [] }
}

function reasonOf({ role }: NodeView, mark: string | undefined): StepReason {
  if (role === 'primary') return mark === '^' ? 'sooner' : 'fallback'
  return mark === '!' ? 'last-resort' : 'replica'
}

/** Fake servers and a fake cluster; `log` has everything that execution told, in order. */
export class ExecutionBench {
  readonly log: string[] = []
  readonly nodes: Record<Name, FakeNode> = {
    a: new FakeNode('a'),
    b: new FakeNode('b'),
    c: new FakeNode('c'),
    p: new FakeNode('p'),
    q: new FakeNode('q'),
  }
  readonly gone: Set<Name> = new Set()
  readonly platform: FakePlatform = new FakePlatform()
  /** What each node answers: an error, a result, or nothing while it is not told. */
  readonly answers: Partial<Record<string, unknown>> = {}
  /** Callbacks of statements that wait for an answer. */
  readonly waiting: Done[] = []
  readonly health: HealthBook = new HealthBook(this.platform, {
    ejected: (node) => void this.log.push(`ejected ${node}`),
  })
  readonly attempts: Attempts = new Attempts({
    nodeOf: (id) => this.nodeOf(id),
    platform: this.platform,
    rode: () => undefined,
    snapshot: () => this.cluster.snapshot,
    answered: () => undefined,
    sent: (node) => void this.log.push(`sent ${node.id}`),
  })
  balancer: Balancer = {
    order: (candidates) => candidates,
    started: (node, candidates) =>
      void this.log.push(`started ${node.id} of ${candidates.map(({ id }) => id).join('')}`),
    ended: (node, { elapsedMs, answered }) =>
      void this.log.push(`ended ${node.id} ${answered ? 'answered' : 'failed'} after ${elapsedMs}`),
  }
  /** The primary as the cluster has it; a failure makes it none until the cluster finds one. */
  primary: NodeView | undefined = views.p
  /** Nodes that were asked to be probed. */
  readonly looks: string[] = []
  /** Plans that are waited for, one after the other; then none. */
  readonly plans: string[] = []
  /** Replicas that are still behind in plans that are waited for. */
  catchingUp: readonly NodeView[] = []
  /** Primaries that are waited for, one after the other; then none. */
  readonly primaries: NodeView[] = []

  /** Nodes that are known to be down. */
  readonly down: NodeView[] = []

  readonly cluster: Cluster = {
    snapshot: { nodes: this.down },
    primary: () => this.primary,
    plan: () => planOf(''),
    reached: () => ({ is: 'unfit' }),
    awaitPrimary: async (timeoutMs) => {
      this.log.push(`awaits a primary for ${timeoutMs}`)
      this.primary = this.primaries.shift()
      return this.primary !== undefined
    },
    awaitPlan: async (_plan, timeoutMs) => {
      this.log.push(`awaits a plan for ${timeoutMs}`)
      return planOf(this.plans.shift() ?? '')
    },
    awaitReplica: async (_plan, timeoutMs) => {
      this.log.push(`awaits a replica for ${timeoutMs}`)
      const plan = planOf(this.plans.shift() ?? '')
      const isBehind = this.catchingUp.length > 0 && !plan.steps.some(({ reason }) => reason === 'replica')
      return isBehind ? { ...plan, catchingUp: this.catchingUp } : plan
    },
    follow: () => void this.log.push('follows'),
    lookAt: async (id) => void this.looks.push(id),
    unavailable: () => new Error('No primary found'),
  }

  readonly listener: ExecutionListener = {
    answered: () => undefined,
    waited: () => undefined,
    retried: () => undefined,
    spilled: () => undefined,
    sent: () => {},
    readAnswered: (node) => void this.log.push(`readAnswered ${node.id}`),
    nodeFailed: (node) => {
      this.log.push(`nodeFailed ${node.id}`)
      if (this.primary === node) this.primary = undefined
    },
    nodeSick: (node) => void this.log.push(`nodeSick ${node.id}`),
    lastResort: () => void this.log.push('lastResort'),
    retriesSpent: () => void this.log.push('retriesSpent'),
    spillRefused: () => void this.log.push('spillRefused'),
  }

  nodeOf(id: string): FakeNode | undefined {
    return isName(id) && !this.gone.has(id) ? this.nodes[id] : undefined
  }

  readonly send: Send = (client, done) => {
    const { node } = client as unknown as FakeLease
    const answer = this.answers[node]
    if (answer === undefined) this.waiting.push(done)
    else if (answer instanceof Error) done(answer)
    else done(undefined, answer)
  }

  readonly done = (error: Error | undefined, result?: unknown): void => {
    const outcome = outcomeOf(error)
    const noted = outcome === undefined ? '' : ` (${outcome})`
    this.log.push(error ? `done with ${error.message}${noted}` : `done with ${String(result)}`)
  }

  /** Nodes to which the statement was sent, in order, as one word. */
  get sent(): string {
    return this.#told('sent ').join('')
  }

  /** What the caller heard; more than once would show. */
  get outcome(): string {
    return this.#told('done with ').join(' and ')
  }

  /** How often each of these connections was given back. */
  get releases(): readonly number[] {
    return Object.values(this.nodes).flatMap(({ leases }) => leases.map(({ releases }) => releases.length))
  }

  #told(prefix: string): readonly string[] {
    return this.log.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length))
  }
}
