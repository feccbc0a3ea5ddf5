import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SwitchyardError } from '../errors/error.ts'
import { eventError, statementError } from './event-error.ts'

const SECRET = '4111-secret'

function ofServer(fields: object): Error {
  const about = { severity: 'ERROR', detail: SECRET, where: SECRET, internalQuery: SECRET, hint: SECRET }
  return Object.assign(new Error(`duplicate ${SECRET}`), about, fields)
}

test.each([
  ['of the server', ofServer({ code: '23505' }), 'SQLSTATE 23505', '23505'],
  [
    'raised by a function',
    ofServer({ code: '28000', routine: 'exec_stmt_raise' }),
    'SQLSTATE 28000',
    '28000',
  ],
  [
    'raised by a function in another language',
    ofServer({ code: '25006', routine: 'PLy_elog_impl' }),
    'SQLSTATE 25006',
    '25006',
  ],
  ['of JSON.parse', new SyntaxError(`Unexpected token in "${SECRET}"`), 'SyntaxError', undefined],
  [
    'of the server behind one of the library',
    new SwitchyardError('SWITCHYARD_READ_TIMEOUT', 'too late', { cause: ofServer({ code: '23505' }) }),
    'too late',
    'SWITCHYARD_READ_TIMEOUT',
  ],
])('no value of an error %s', (_name, error, message, code) => {
  const shown = eventError(error)
  expect(shown).toBeInstanceOf(Error)
  expect(shown).toMatchObject({ name: error.name, message })
  expect(Reflect.get(shown, 'code')).toBe(code)
  expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain(SECRET)
  expect(eventError(shown)).toBe(shown)
})

test('the message of an error of the server that names no value', () => {
  const error = Object.assign(new Error('terminating connection due to administrator command'), {
    code: '57P01',
    severity: 'FATAL',
    where: SECRET,
  })
  const shown = eventError(error)
  expect(shown).toMatchObject({ message: error.message, code: '57P01', severity: 'FATAL' })
  expect(inspect(shown)).not.toContain(SECRET)
})

test('an error of the network as it is', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(eventError(error)).toBe(error)
})

test('no exception that is not an error', () => {
  expect(eventError(SECRET).message).not.toContain(SECRET)
})

test.each([
  ['with more fields', Object.assign(new Error('x'), { input: SECRET })],
  ['with a password in an address', new Error(`GET http://user:${SECRET}@host/path`)],
  ['of an invalid address', invalidAddress()],
  [
    'behind another',
    new Error('x', { cause: Object.assign(new Error('y'), { config: { password: SECRET } }) }),
  ],
])('no secret of an error %s', (_name, error) => {
  const shown = eventError(error)
  expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain(SECRET)
  expect(shown.message).not.toBe('')
})

function invalidAddress(): unknown {
  try {
    return new URL(`postgres://user:${SECRET}@host:99999999`)
  } catch (error) {
    return error
  }
}

test.each([
  ['of a type parser', new TypeError(`cannot parse ${SECRET}`), 'TypeError'],
  ['of BigInt', new RangeError(`The number ${SECRET} cannot be converted`), 'RangeError'],
  ['with a code of its own', Object.assign(new Error('x'), { code: SECRET }), 'Error'],
  ['with a code', Object.assign(new Error(SECRET), { code: 'ERR_INVALID_ARG_TYPE' }), 'Error'],
])('no value of an error %s with which a statement has failed', (_name, error, message) => {
  const shown = statementError(error)
  expect(shown).toMatchObject({ name: error.name, message })
  expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain(SECRET)
})

test.each([
  new Error('Query read timeout'),
  new Error('Connection terminated unexpectedly'),
  new Error('Client was closed and is not queryable'),
  new Error('timeout exceeded when trying to connect'),
  Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' }),
  new SwitchyardError('SWITCHYARD_READ_TIMEOUT', 'too late'),
])('a statement shows what node-postgres, the network or the library says: %s', (error) => {
  expect(statementError(error)).toMatchObject({ message: error.message })
})
