import { describe, expect, it } from 'vitest'
import { down, observed, up } from '../../test/support/views.ts'
import type { KnownNode } from './memory.ts'
import type { NodeState, Observation } from './node.ts'
import { standingOf } from './standing.ts'

const cause = new Error('read ECONNRESET')
const SUSPECTED: NodeState = { name: 'suspected', cause, sinceMs: 1000 }

/** A server that takes writes; undefined where it cannot tell its timeline. */
function writer(server: string, timeline: number | undefined, given: Partial<Observation> = {}): NodeState {
  const known = timeline === undefined ? {} : { timeline }
  return up(observed('primary', '0/1000', { serverIdentity: server, ...known, ...given }))
}

const reader = (server: string, timeline = 1): NodeState =>
  up(observed('replica', '0/1000', { serverIdentity: server, timeline }))
const readOnly = { isReadOnly: true }
const foreign = { systemIdentifier: '9999' }

/** Each node as its exclusion, as `writes`, or as `-`. */
function shown(states: readonly NodeState[], newestTimeline?: number): string {
  const nodes = states.map((state, index): KnownNode => {
    return { id: `n${index}`, weight: 1, state, toldSystemIdentifier: '7000' }
  })
  const memory = { systemIdentifier: '7000', isHeld: true }
  const known = newestTimeline === undefined ? memory : { ...memory, newestTimeline }
  const { exclusions, writable } = standingOf(nodes, known)
  return nodes.map(({ id }) => exclusions.get(id) ?? (writable.includes(id) ? 'writes' : '-')).join(' ')
}

describe('fencing', () => {
  it.each<[string, readonly NodeState[], number | undefined, string]>([
    ['a primary', [writer('a', 1), reader('b')], 1, 'writes -'],
    ['the newest timeline wins', [writer('a', 1), writer('b', 2)], 2, 'old-timeline writes'],
    [
      'of three servers the newest wins',
      [writer('a', 2), writer('b', 3), writer('c', 1)],
      3,
      'old-timeline writes old-timeline',
    ],
    ['an old primary that is alone', [writer('a', 1), down()], 2, 'old-timeline -'],
    ['an old primary, while its successor is suspected', [writer('a', 1), SUSPECTED], 2, 'old-timeline -'],
    [
      'an old primary and the newest two',
      [writer('a', 1), writer('b', 2), writer('c', 2)],
      2,
      'old-timeline writes writes',
    ],
    ['two of one timeline', [writer('a', 2), writer('b', 2)], 2, 'writes writes'],
    ['two of one old timeline', [writer('a', 1), writer('b', 1)], 2, 'old-timeline old-timeline'],
    ['one that is newer than anything seen', [writer('a', 3)], 2, 'writes'],
    [
      'one that cannot tell loses against one that can',
      [writer('a', undefined), writer('b', 1)],
      1,
      'old-timeline writes',
    ],
    [
      'one that cannot tell loses against an old one too, which loses itself',
      [writer('a', undefined), writer('b', 1)],
      2,
      'old-timeline old-timeline',
    ],
    ['one that cannot tell, alone', [writer('a', undefined), reader('b')], 1, 'writes -'],
    ['two that cannot tell', [writer('a', undefined), writer('b', undefined)], undefined, 'writes writes'],
    ['nobody knows a timeline', [writer('a', undefined)], undefined, 'writes'],
    ['a read-only one loses', [writer('a', 1, readOnly), writer('b', 1)], 1, 'read-only writes'],
    ['a read-only one that is alone', [writer('a', 1, readOnly), reader('b')], 1, 'writes -'],
    ['two read-only ones', [writer('a', 1, readOnly), writer('b', 1, readOnly)], 1, 'writes writes'],
    [
      'a read-only one on the newest timeline wins',
      [writer('a', 1), writer('b', 2, readOnly)],
      2,
      'old-timeline writes',
    ],
    [
      'a read-only one between two that take writes',
      [writer('a', 1), writer('b', 1, readOnly), writer('c', 1)],
      1,
      'writes read-only writes',
    ],
    [
      'two names of a fenced one',
      [writer('a', 1), writer('a', 1), writer('b', 2)],
      2,
      'old-timeline same-server writes',
    ],
    [
      'two names of one of two',
      [writer('a', 1), writer('a', 1), writer('b', 1)],
      1,
      'writes same-server writes',
    ],
    [
      'two names of a read-only one',
      [writer('a', 1, readOnly), writer('a', 1, readOnly)],
      1,
      'writes same-server',
    ],
    [
      'a stranger on a newer timeline',
      [writer('a', 1), writer('b', 9, foreign)],
      1,
      'writes foreign-cluster',
    ],
    [
      'a stranger that can tell',
      [writer('a', undefined), writer('b', 1, foreign)],
      undefined,
      'writes foreign-cluster',
    ],
  ])('%s', (_name, states, newestTimeline, expected) => {
    expect(shown(states, newestTimeline)).toBe(expected)
  })

  it('while the cluster is undecided, all nodes are foreign', () => {
    const nodes = [{ id: 'a', weight: 1, state: writer('a', 1), toldSystemIdentifier: '7000' }]
    const { exclusions, writable } = standingOf(nodes, { isHeld: false })
    expect([exclusions.get('a'), writable]).toEqual(['foreign-cluster', []])
  })
})
