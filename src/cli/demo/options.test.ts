import { describe, expect, it } from 'vitest'
import { parseDemoOptions } from './options.ts'

const primary = 'postgres://me:secret@db1/shop'
const replica = 'postgresql://me:secret@db2:5433/shop'

describe('options of the demo', () => {
  it('have defaults', () => {
    expect(parseDemoOptions([])).toEqual({
      seconds: 15,
      replicas: 2,
      seed: 1,
      json: false,
      pagePort: undefined,
      servers: undefined,
    })
  })

  it('are read', () => {
    const args = ['--seconds', '2.5', '--replicas', '3', '--seed', '42', '--json']
    expect(parseDemoOptions(args)).toEqual({
      seconds: 2.5,
      replicas: 3,
      seed: 42,
      json: true,
      pagePort: undefined,
      servers: undefined,
    })
  })

  it("name the user's own servers", () => {
    const args = ['--primary', primary, '--replica', replica, '--replica', `${replica}2`]
    expect(parseDemoOptions(args)).toMatchObject({
      replicas: 2,
      servers: { primary, replicas: [replica, `${replica}2`] },
    })
  })

  it('serve a page, for longer', () => {
    expect(parseDemoOptions(['--page'])).toMatchObject({ pagePort: 7400, seconds: 300 })
    const given = parseDemoOptions(['--page', '--port', '0', '--seconds', '5'])
    expect(given).toMatchObject({ pagePort: 0, seconds: 5 })
  })

  it.each([
    [['--port', '80'], '"--port" is the port of the page: add "--page"'],
    [
      ['--page', '--port', '65536'],
      'Option "--port" must be a whole number from 0 to 65535; received "65536"',
    ],
    [['--page', '--port', 'x'], 'Option "--port" must be a whole number from 0 to 65535; received "x"'],
  ])('%j is refused: a page has a port', (args, message) => {
    expect(() => parseDemoOptions(args)).toThrow(expect.objectContaining({ message, exitCode: 2 }))
  })

  it.each([
    ['--seconds', '0', 'a number above 0 and at most 86400'],
    ['--seconds', '-5', 'a number above 0 and at most 86400'],
    ['--seconds', '86401', 'a number above 0 and at most 86400'],
    ['--seconds', '1e3', 'a number above 0 and at most 86400'],
    ['--seconds', 'Infinity', 'a number above 0 and at most 86400'],
    ['--seconds', 'abc', 'a number above 0 and at most 86400'],
    ['--replicas', '0', 'a whole number from 1 to 16'],
    ['--replicas', '2.5', 'a whole number from 1 to 16'],
    ['--replicas', '17', 'a whole number from 1 to 16'],
    ['--seed', '-1', 'a whole number from 0 to 4294967295'],
    ['--seed', '4294967296', 'a whole number from 0 to 4294967295'],
  ])('%s %s is refused', (option, value, legal) => {
    const message = `Option "${option}" must be ${legal}; received "${value}"`
    expect(() => parseDemoOptions([option, value])).toThrow(expect.objectContaining({ message, exitCode: 2 }))
  })

  it.each([
    [['--primary', primary], '"--primary" needs at least one "--replica URL"'],
    [['--replica', replica], '"--replica" needs the primary that it follows: "--primary URL"'],
    [
      ['--primary', primary, '--replica', replica, '--replicas', '1'],
      '"--replicas" starts replicas, so it cannot be combined with "--primary" and "--replica"',
    ],
    [
      ['--primary', 'me:secret@db1', '--replica', replica],
      'Option "--primary" must be an address such as postgres://user@host:5432/database',
    ],
    [
      ['--primary', primary, '--replica', 'postgres://me:secret@db2:x/shop'],
      'Option "--replica" must be a connection string such as postgres://user@host:5432/db: Invalid URL',
    ],
    [
      ['--primary', 'postgres://me:secret@db1,db2/shop', '--replica', replica],
      'Option "--primary" must name one host; give "--replica" once for each replica',
    ],
  ])('%j is refused, and no password is repeated', (args, message) => {
    expect(() => parseDemoOptions(args)).toThrow(expect.objectContaining({ message, exitCode: 2 }))
    expect(message).not.toContain('secret')
  })
})
