import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SwitchyardError } from '../errors/error.ts'
import { eventError } from './event-error.ts'

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
