import { describe, expect, it } from 'vitest'
import { parseDoctorOptions } from './options.ts'

const primary = 'postgres://app:word@db1:5433/shop'

describe('parseDoctorOptions', () => {
  it('has defaults, and a replica inherits what its address leaves out', () => {
    expect(parseDoctorOptions(['--primary', primary, '--replica', 'postgres://db2'])).toEqual({
      primary: { host: 'db1', port: '5433', user: 'app', password: 'word', database: 'shop' },
      replicas: [{ host: 'db2', user: 'app', password: 'word', database: 'shop' }],
      declaredFile: undefined,
      expected: { processes: 1, max: 10, maxLagMs: 1000, slowMs: 5000 },
      json: false,
      strict: false,
    })
  })

  it.each([
    [[], 'Option "--primary" is missing: the address of the primary'],
    [
      ['--primary', 'db1'],
      'Option "--primary" must be an address such as postgres://user@host:5432/database',
    ],
    [
      ['--primary', primary, '--replica', 'app:word@db2'],
      'Option "--replica" must be an address such as postgres://user@host:5432/database',
    ],
    [
      ['--primary', primary, '--max', '0'],
      'Option "--max" must be a whole number from 1 to 1000000; received "0"',
    ],
    [['--primary', primary, '--process', '2'], 'Unknown option "--process". Did you mean "--processes"?'],
  ])('%s', (args, message) => {
    expect(() => parseDoctorOptions(args)).toThrow(expect.objectContaining({ message, exitCode: 2 }))
  })
})
