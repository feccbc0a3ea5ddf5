import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ExecutionBench } from '../../test/support/execution-bench.ts'
import { resolveOptions } from '../config/resolved-options.ts'
import type { PoolOptions } from '../config/options.ts'
import { createSession } from '../consistency/session.ts'
import { NodeSet } from '../nodes/node-set.ts'
import { ConnectionSettings } from '../settings/connection-settings.ts'
import { createExecutors, type Executors } from './executors.ts'

let bench: ExecutionBench

beforeEach(() => void (bench = new ExecutionBench()))

function executorsOf(options: PoolOptions): Executors {
  const { balancer, cluster, health, listener, platform } = bench
  const surroundings = {
    nodeOf: (): undefined => undefined,
    balancer,
    cluster,
    committed: (): Promise<undefined> => Promise.resolve(undefined),
    health,
    listener,
    platform,
  }
  const resolved = resolveOptions({ host: 'p', replicas: ['postgres://a'], logger: false, ...options })
  const nodes = new NodeSet([], () => {
    throw new Error('There are no nodes')
  })
  return createExecutors({ resolved, nodes, surroundings, connections: new ConnectionSettings() })
}

const TIERS = { reports: {}, web: {} }

describe('the executor of a query', () => {
  test.each<
    readonly [what: string, tier: string | undefined, sessionTier: string | undefined, expected: string]
  >([
    ['that names no tier, in a session without one', undefined, undefined, 'default'],
    ['that names a tier', 'web', undefined, 'web'],
    ['in a session of a tier', undefined, 'reports', 'reports'],
    ['that names another tier than its session', 'web', 'reports', 'web'],
  ])('%s', (_what, tier, sessionTier, expected) => {
    const executors = executorsOf({ tiers: TIERS })
    const session = createSession({ tier: sessionTier })
    expect(executors.of(tier === undefined ? {} : { tier }, session)).toBe(executors.named(expected))
  })

  test('is one for each tier', () => {
    const executors = executorsOf({ tiers: TIERS })
    const all = ['reports', 'web', 'default'].map((name) => executors.named(name))
    expect(new Set(all).size).toBe(3)
    expect(executors.named(undefined)).toBe(executors.named('default'))
  })

  test.each<readonly [what: string, options: PoolOptions, expected: string]>([
    ['without tiers', {}, 'Option "tier" must be left out, because the pool has no "tiers"; received "slow"'],
    [
      'with tiers',
      { tiers: TIERS },
      'Option "tier" must be one of "reports", "web", "default"; received "slow"',
    ],
  ])('of an unknown tier is an error: a pool %s', (_what, options, expected) => {
    const executors = executorsOf(options)
    expect(() => executors.named('slow')).toThrow(expected)
    expect(() => executors.of({ tier: 'slow' }, createSession())).toThrow(expected)
  })

  test('may share connections, unless a tier has a timeout of its own', () => {
    expect(executorsOf({}).named(undefined).canShare).toBe(true)
    expect(executorsOf({ tiers: TIERS }).named('web').canShare).toBe(true)
    const timed = executorsOf({ tiers: { ...TIERS, slow: { statementTimeoutMs: 10 } } })
    expect(['web', 'slow', 'default'].map((name) => timed.named(name).canShare)).toEqual([
      false,
      false,
      false,
    ])
  })
})

test.each<readonly [what: string, options: PoolOptions, names: readonly (string | undefined)[]]>([
  ['the only executor', {}, [undefined]],
  ['every executor', { tiers: TIERS }, ['reports', 'web', 'default']],
])('a node that is given up is given up by %s', (_what, options, names) => {
  const executors = executorsOf(options)
  const abandons = names.map((name) => vi.spyOn(executors.named(name), 'abandon'))
  const cause = new Error('gone')
  executors.abandon('a', cause, 'fenced')
  for (const abandon of abandons) expect(abandon.mock.calls).toEqual([['a', cause, 'fenced']])
})
