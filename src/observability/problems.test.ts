import { describe, expect, it } from 'vitest'
import {
  downView,
  pendingView,
  primaryView,
  replicaView,
  snapshotOf,
  suspectedView,
} from '../../test/support/views.ts'
import { misconfiguration, noPrimaryError } from './problems.ts'

function refusal(code: string): Error {
  return Object.assign(new Error('password authentication failed for user "app"'), { code })
}

describe('noPrimaryError', () => {
  it('says what was seen at each node, and may be tried again', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.1:5432')
    const error = noPrimaryError(
      snapshotOf(
        downView('p', cause),
        replicaView('a'),
        pendingView('b'),
        primaryView('c', { exclusion: 'foreign-cluster' }),
      ),
    )
    expect(error).toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY', retryable: true, cause })
    expect(error.message).toBe(
      'No primary found: p connect ECONNREFUSED 10.0.0.1:5432; a is a replica; b has not answered; ' +
        'c is a primary of another cluster',
    )
  })

  it('says of a suspected node why, and of an old primary what it is', () => {
    const cause = new Error('read ECONNRESET')
    const error = noPrimaryError(
      snapshotOf(suspectedView('p', cause), primaryView('q', { exclusion: 'old-timeline' })),
    )
    expect(error).toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY', cause })
    expect(error.message).toBe(
      'No primary found: p read ECONNRESET; q takes writes on a timeline that the cluster has left',
    )
  })

  it('shows no value that a foreign error holds', () => {
    const fields = { code: '57P01', severity: 'FATAL', routine: 'exec_stmt_raise' }
    const error = noPrimaryError(
      snapshotOf(downView('p', Object.assign(new Error('card 4111-1111'), fields))),
    )
    expect(`${error.message} ${String(error.cause)}`).not.toContain('4111')
    expect(error.message).toContain('SQLSTATE 57P01')
  })

  it('without any failure there is no cause', () => {
    expect(noPrimaryError(snapshotOf(replicaView('a'))).cause).toBeUndefined()
  })

  it('two primaries: names them, and does not ask to try again', () => {
    const error = noPrimaryError(snapshotOf(primaryView('p'), primaryView('q'), replicaView('a')))
    expect(error).toMatchObject({ code: 'SWITCHYARD_TWO_PRIMARIES', retryable: false })
    expect(error.message).toContain('p and q take writes')
  })

  it.each(['28000', '28P01', '3D000'])(
    "a login that was turned down (%s) is the server's own error",
    (code) => {
      const error = refusal(code)
      expect(noPrimaryError(snapshotOf(downView('p', error), downView('a')))).toBe(error)
    },
  )

  it('that a replica refuses the login is not what is wrong', () => {
    const nodes = snapshotOf(downView('p'), downView('a', refusal('28P01')))
    expect(noPrimaryError(nodes)).toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY' })
  })

  it('any other error of a server is a cause only', () => {
    const error = refusal('57P03')
    expect(noPrimaryError(snapshotOf(downView('p', error)))).toMatchObject({
      code: 'SWITCHYARD_NO_PRIMARY',
      cause: error,
    })
  })
})

describe('misconfiguration', () => {
  it.each([
    ['all is well', snapshotOf(primaryView('p'), replicaView('a'))],
    ['a replica is down: that happens', snapshotOf(primaryView('p'), downView('a'))],
    ['a replica is suspected', snapshotOf(primaryView('p'), suspectedView('a'))],
    [
      'an old primary came back: that happens',
      snapshotOf(primaryView('p'), primaryView('q', { exclusion: 'old-timeline' })),
    ],
    [
      'a replica turns the login down: it may not have replayed the role yet',
      snapshotOf(primaryView('p'), downView('a', refusal('28P01'))),
    ],
    ['a replica has not answered yet', snapshotOf(primaryView('p'), pendingView('a'))],
    ['no primary answers: that happens too', snapshotOf(downView('p'), replicaView('a'))],
    [
      'two names of one server do no harm',
      snapshotOf(primaryView('p'), primaryView('q', { exclusion: 'same-server' })),
    ],
    [
      'there is no telling who is the stranger without a primary',
      snapshotOf(downView('p'), replicaView('a', undefined, { exclusion: 'foreign-cluster' })),
    ],
  ])('%s: nothing is wrong with the options', (_name, snapshot) => {
    expect(misconfiguration(snapshot)).toBeUndefined()
  })

  it('two primaries', () => {
    expect(misconfiguration(snapshotOf(primaryView('p'), primaryView('q')))).toMatchObject({
      code: 'SWITCHYARD_TWO_PRIMARIES',
    })
  })

  it('a node of another cluster: names both', () => {
    const error = misconfiguration(
      snapshotOf(primaryView('p'), replicaView('a', undefined, { exclusion: 'foreign-cluster' })),
    )
    expect(error).toMatchObject({ code: 'SWITCHYARD_FOREIGN_NODE', retryable: false })
    expect(error?.message).toContain('a belongs to another cluster than the primary p')
  })
})
