import { describe, expect, it } from 'vitest'
import { down, freshAsOf, observed, up } from '../../test/support/views.ts'
import { assemble } from './assemble.ts'
import type { KnownNode } from './memory.ts'
import { PENDING, type NodeState, type Observation } from './node.ts'
import type { Lag, Snapshot } from './snapshot.ts'
import { standingOf } from './standing.ts'

function known(id: string, state: NodeState, weight = 1): KnownNode {
  const toldSystemIdentifier = state.name === 'up' ? state.observation.systemIdentifier : undefined
  return { id, weight, state, toldSystemIdentifier }
}

/** The snapshot of the cluster 7000. */
function assembled(
  nodes: readonly KnownNode[],
  lagOf: (replica: Observation) => Lag | undefined = () => LAG,
): Snapshot {
  const standing = standingOf(nodes, { systemIdentifier: '7000', isHeld: true })
  return assemble(nodes, standing, (_node, replica) => ({ lag: lagOf(replica), isTooFarBehind: false }))
}

const LAG = freshAsOf(1000)
const primary = (given: Partial<Observation> = {}): NodeState => up(observed('primary', '0/1000', given))
const replica = (server: string, given: Partial<Observation> = {}): NodeState =>
  up(observed('replica', '0/1000', { serverIdentity: server, ...given }))
const foreign = { systemIdentifier: '9999', serverIdentity: '9999:x' }

/** Each node as `role`, `role:exclusion` or `role+lag`. */
function shown(nodes: readonly KnownNode[]): readonly string[] {
  return assembled(nodes).nodes.map(
    ({ role, exclusion, lag }) =>
      `${role}${exclusion === undefined ? '' : `:${exclusion}`}${lag === undefined ? '' : '+lag'}`,
  )
}

describe('an address of several servers', () => {
  const shared = (state: NodeState): KnownNode => ({ ...known('shared', state), isBalanced: true })

  it.each<[string, NodeState, string]>([
    ['a replica that has a name of its own', replica('7000:r'), 'replica'],
    ['the primary', primary(), 'replica'],
    ['a server that takes writes, too', primary({ serverIdentity: '7000:q' }), 'replica'],
    ['another cluster', up(observed('replica', '0/1000', foreign)), 'replica:foreign-cluster'],
    ['nobody', down(), 'unknown'],
  ])('leads to replicas of unknown lag, whichever is reached: %s', (_name, state, expected) => {
    const nodes = [known('p', primary()), shared(state), known('r', replica('7000:r'))]
    expect(shown(nodes)).toEqual(['primary', expected, 'replica+lag'])
    expect(assembled(nodes).primary?.id).toBe('p')
    expect(assembled(nodes).nodes[1]?.isBalanced).toBe(true)
  })

  it('is no rival of the primary while it is suspected', () => {
    const last = observed('primary', '0/1000', { serverIdentity: '7000:q' })
    const suspected: NodeState = { name: 'suspected', cause: new Error('reset'), sinceMs: 0, last }
    expect(assembled([known('p', primary()), shared(suspected)]).conflict).toBeUndefined()
    expect(assembled([known('p', primary()), known('q', suspected)]).conflict).toHaveLength(2)
  })
})

describe('assemble', () => {
  it.each<[string, readonly KnownNode[], readonly string[], string | undefined]>([
    [
      'a primary and its replicas',
      [known('a', primary()), known('b', replica('1')), known('c', replica('2'))],
      ['primary', 'replica+lag', 'replica+lag'],
      'a',
    ],
    [
      'roles are what servers say, not where they stand',
      [known('a', replica('1')), known('b', primary())],
      ['replica+lag', 'primary'],
      'b',
    ],
    [
      'what has not answered has no role',
      [known('a', primary()), known('b', PENDING), known('c', down())],
      ['primary', 'unknown', 'unknown'],
      'a',
    ],
    [
      'without a primary what was proven still holds',
      [known('a', down()), known('b', replica('1'))],
      ['unknown', 'replica+lag'],
      undefined,
    ],
    [
      'a replica of another cluster is excluded',
      [known('a', primary()), known('b', replica('1', foreign))],
      ['primary', 'replica:foreign-cluster'],
      'a',
    ],
    [
      'a primary of another cluster is excluded, and no second primary',
      [known('a', primary()), known('b', primary(foreign)), known('c', replica('1'))],
      ['primary', 'primary:foreign-cluster', 'replica+lag'],
      'a',
    ],
    [
      'two names of one replica: the first counts',
      [known('a', primary()), known('b', replica('1')), known('c', replica('1'))],
      ['primary', 'replica+lag', 'replica:same-server'],
      'a',
    ],
    [
      'two names of one primary are no two primaries',
      [known('a', primary()), known('b', primary()), known('c', replica('1'))],
      ['primary', 'primary:same-server', 'replica+lag'],
      'a',
    ],
    [
      'two names of a server of another cluster: it is a stranger under both',
      [known('a', primary()), known('b', primary(foreign)), known('c', primary(foreign))],
      ['primary', 'primary:foreign-cluster', 'primary:foreign-cluster'],
      'a',
    ],
    [
      'a name that is down hides no other name of its server',
      [known('a', down()), known('b', primary()), known('c', replica('1'))],
      ['unknown', 'primary', 'replica+lag'],
      'b',
    ],
  ])('%s', (_name, nodes, expected, primaryId) => {
    const snapshot = assembled(nodes)
    expect(shown(nodes)).toEqual(expected)
    expect(snapshot.primary?.id).toBe(primaryId)
    expect(snapshot.conflict).toBeUndefined()
  })

  it('with two servers that take writes there is no primary, and no lag that could be trusted', () => {
    const nodes = [
      known('a', primary()),
      known('b', primary({ serverIdentity: '7000:other' })),
      known('c', replica('1')),
    ]
    const snapshot = assembled(nodes)
    expect(snapshot.primary).toBeUndefined()
    expect(snapshot.conflict?.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(shown(nodes)).toEqual(['primary', 'primary', 'replica'])
  })

  it('takes over tags, whatever the state', () => {
    const tags = { zone: 'a' }
    const nodes = [
      { ...known('a', up(observed('replica', '0/1000'))), tags },
      { ...known('b', down()), tags },
      known('c', down()),
    ]
    expect(assembled(nodes).nodes.map((view) => view.tags)).toEqual([tags, tags, undefined])
  })

  it('takes over configured order, weights and states', () => {
    const states = [primary(), replica('1'), PENDING, down()]
    const nodes = states.map((state, index) => known(`n${index}`, state, index + 1))
    const views = assembled(nodes).nodes
    expect(views.map(({ id, weight, state }) => ({ id, weight, state }))).toEqual(
      nodes.map(({ id, weight, state }) => ({ id, weight, state })),
    )
  })

  it('shows the very view as primary that stands among the nodes', () => {
    const snapshot = assembled([known('a', replica('1')), known('b', primary())])
    expect(snapshot.primary).toBe(snapshot.nodes[1])
  })

  it('leaves out a lag that is not known: it is not zero', () => {
    const snapshot = assembled([known('a', primary()), known('b', replica('1'))], () => undefined)
    expect(snapshot.nodes[1]).not.toHaveProperty('lag')
  })

  it('asks for the lag of used replicas only', () => {
    const asked: string[] = []
    const nodes = [
      known('a', primary()),
      known('b', replica('1')),
      known('c', replica('1')),
      known('d', replica('2', foreign)),
    ]
    assembled(nodes, ({ serverIdentity }) => {
      asked.push(serverIdentity)
      return LAG
    })
    expect(asked).toEqual(['1'])
  })
})
