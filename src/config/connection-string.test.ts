import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SwitchyardError } from '../errors/error.ts'
import { parseConnectionString, splitHosts } from './connection-string.ts'

describe('splitHosts', () => {
  it.each([
    ['postgres://h1/db', ['postgres://h1/db']],
    ['postgres://u:p@h1:5432,h2:5433/db', ['postgres://u:p@h1:5432/db', 'postgres://u:p@h2:5433/db']],
    ['postgresql://h1,h2,h3', ['postgresql://h1', 'postgresql://h2', 'postgresql://h3']],
    ['POSTGRES://h1,h2/db', ['POSTGRES://h1/db', 'POSTGRES://h2/db']],
    [
      'postgres://u@h1,h2/db?ssl=true&x=a,b',
      ['postgres://u@h1/db?ssl=true&x=a,b', 'postgres://u@h2/db?ssl=true&x=a,b'],
    ],
    [
      'postgres://h1,h2?application_name=a@b',
      ['postgres://h1?application_name=a@b', 'postgres://h2?application_name=a@b'],
    ],
    ['postgres://u:a,b@h1/db', ['postgres://u:a,b@h1/db']],
    ['postgres://u:a,b@h1,h2/db', ['postgres://u:a,b@h1/db', 'postgres://u:a,b@h2/db']],
    ['postgres://u:a@b@h1,h2/db', ['postgres://u:a@b@h1/db', 'postgres://u:a@b@h2/db']],
    [
      'postgres://u:p@[::1]:5432,[fe80::2]/db',
      ['postgres://u:p@[::1]:5432/db', 'postgres://u:p@[fe80::2]/db'],
    ],
    ['postgres://h1/a,b', ['postgres://h1/a,b']],
    ['/var/run/postgresql db', ['/var/run/postgresql db']],
    ['socket:/tmp,x?db=y', ['socket:/tmp,x?db=y']],
    ['', ['']],
  ])('%s', (given, expected) => {
    expect(splitHosts(given)).toEqual(expected)
  })

  it.each(['postgres://h1,,h2/db', 'postgres://,h2/db', 'postgres://h1,/db'])(
    'an empty host: %s',
    (given) => {
      expect(() => splitHosts(given)).toThrow(
        expect.objectContaining({
          code: 'SWITCHYARD_INVALID_OPTION',
          message: expect.stringContaining('empty host'),
        }),
      )
    },
  )

  it('every host gets the same user, password, database and parameters', () => {
    const word = fc.stringMatching(/^[a-z0-9.,:%-]{1,12}$/)
    const hosts = fc.array(fc.stringMatching(/^[a-z0-9.-]{1,8}(:[0-9]{1,4})?$/), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(word, word, hosts, word, word, (user, password, names, database, value) => {
        const [before, after] = [`postgres://${user}:${password}@`, `/${database}?x=${value}`]
        expect(splitHosts(`${before}${names.join(',')}${after}`)).toEqual(
          names.map((name) => `${before}${name}${after}`),
        )
      }),
    )
  })
})

describe('parseConnectionString', () => {
  it.each([
    ['postgres://u:p@h:5433/db', { user: 'u', password: 'p', host: 'h', port: '5433', database: 'db' }],
    ['postgres://h', { host: 'h' }],
    ['postgres://u@/db', { user: 'u', database: 'db' }],
    ['postgres://u:a%40b%2Cc@[::1]/db', { user: 'u', password: 'a@b,c', host: '::1', database: 'db' }],
    ['postgres://h/db?application_name=shop', { host: 'h', database: 'db', application_name: 'shop' }],
    ['/tmp db', { host: '/tmp', database: 'db' }],
  ])('%s has nothing that it does not say', (given, expected) => {
    expect(parseConnectionString('connectionString', given)).toEqual(expected)
  })

  it.each([
    'postgres://u:hunter2@h:99999/db',
    'postgres://u:hunter2@h:port/db',
    'postgres://u:hunter2@[::1/db',
    'postgres://u:hunter2@h1:5432,h2:5433/db',
    'postgres://u:hunter2@h1,h2/db',
    'postgres://u:hunter2@h1,/db',
    'u:hunter2@h/db',
    'u:hunter2',
    '?password=hunter2',
    'postgres://u:hunter2@h/db?sslcert=/nowhere/at/all',
  ])('%s: an error that names the option and keeps the password to itself', (given) => {
    let failure: unknown
    try {
      parseConnectionString('replicas[3]', given)
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(SwitchyardError)
    if (!(failure instanceof SwitchyardError)) return
    expect(failure.code).toBe('SWITCHYARD_INVALID_OPTION')
    expect(failure.message).toContain('"replicas[3]"')
    expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`).not.toContain('hunter2')
  })

  it.each(['', 'r1', 'r1:5432', 'r1.example.org/db', 5, true])(
    '%j is no address: node-postgres would look for a host named "base"',
    (given) => {
      expect(() => parseConnectionString('replicas[0]', given as string)).toThrow(
        `Option "replicas[0]" must be a connection string such as postgres://user@host:5432/db; received ${JSON.stringify(given)}`,
      )
    },
  )

  it('the password is never in the error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.string({ maxLength: 20 }),
        (left, right) => {
          try {
            parseConnectionString('connectionString', `postgres://u:hunter2${left}@${right}`)
          } catch (error) {
            expect(error).toBeInstanceOf(SwitchyardError)
            expect(error instanceof Error ? error.message : '').not.toContain('hunter2')
          }
        },
      ),
    )
  })
})
