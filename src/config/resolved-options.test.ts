import { describe, expect, it } from 'vitest'
import { SwitchyardError } from '../errors/error.ts'
import type { PoolOptions } from './options.ts'
import { resolveOptions } from './resolved-options.ts'

const SECRET = 'hunter2-is-my-password'
const ADDRESS = `postgres://u:${SECRET}@h/db`

function failure(options: object): SwitchyardError {
  try {
    resolveOptions(options)
  } catch (error) {
    if (error instanceof SwitchyardError) return error
    throw error
  }
  throw new Error('The options were accepted')
}

describe('a bad option is named, with what is legal and what came', () => {
  it.each<[string, object, readonly string[]]>([
    ['windowMs 0', { windowMs: 0 }, ['"windowMs"', 'above 0', 'received 0']],
    ['windowMs below 0', { windowMs: -1 }, ['"windowMs"', 'received -1']],
    ['windowMs as text', { windowMs: '2000' }, ['"windowMs"', 'a number', '"2000"']],
    ['windowMs NaN', { windowMs: Number.NaN }, ['"windowMs"', 'received NaN']],
    ['windowMs without end', { windowMs: Infinity }, ['"windowMs"', 'received Infinity']],
    ['windowMs null', { windowMs: null }, ['"windowMs"', 'received null']],
    ['a window as a big integer', { windowMs: 2000n }, ['"windowMs"', '2000']],
    [
      'probes too seldom for the window',
      { windowMs: 1000, probeIntervalMs: 501 },
      ['"probeIntervalMs"', 'at most 500', 'received 501'],
    ],
    ['probes without a pause', { probeIntervalMs: 0 }, ['"probeIntervalMs"', 'above 0', 'received 0']],
    ['no time to answer', { probeTimeoutMs: 0 }, ['"probeTimeoutMs"', 'above 0', 'received 0']],
    [
      'a time to answer that no timer can measure',
      { probeTimeoutMs: 2 ** 31 },
      ['"probeTimeoutMs"', 'at most 2147483647'],
    ],
    [
      'an interval that no timer can measure',
      { windowMs: 1e12, probeIntervalMs: 2 ** 31 },
      ['"probeIntervalMs"', 'at most 2147483647'],
    ],
    ['replicas as one string', { replicas: ADDRESS }, ['"replicas"', 'an array', 'a string of']],
    ['replicas as an object', { replicas: { host: 'r' } }, ['"replicas"', 'an array', 'an object']],
    ['replicas null', { replicas: null }, ['"replicas"', 'an array', 'null']],
    ['a replica that is a number', { replicas: [ADDRESS, 5433] }, ['"replicas[1]"', '5433']],
    ['a replica that is null', { replicas: [null] }, ['"replicas[0]"', 'null']],
    ['a replica that is an array', { replicas: [[ADDRESS]] }, ['"replicas[0]"', 'an array']],
    ['a replica that is a function', { replicas: [() => SECRET] }, ['"replicas[0]"', 'a function']],
    [
      'a replica nowhere',
      { replicas: [{ user: 'u', password: SECRET }] },
      ['"replicas[0]"', '"host"', '"connectionString"'],
    ],
    [
      'a replica at two hosts',
      { replicas: [`postgres://u:${SECRET}@r1,r2/db`] },
      ['"replicas[0]"', 'one host'],
    ],
    [
      'a replica at two hosts, as an option',
      { replicas: [{ connectionString: `postgres://u:${SECRET}@r1:1,r2:2/db` }] },
      ['"replicas[0].connectionString"', 'one host'],
    ],
    [
      'weight -1',
      { replicas: [ADDRESS, { host: 'r', weight: -1 }] },
      ['"replicas[1].weight"', 'at least 0', 'received -1'],
    ],
    [
      'weight NaN',
      { replicas: [{ host: 'r', weight: Number.NaN }] },
      ['"replicas[0].weight"', 'received NaN'],
    ],
    ['tags that are none', { tags: 'zone-a' }, ['"tags"', 'whose values are strings', '"zone-a"']],
    [
      'a tag as a number',
      { replicas: [{ host: 'r', tags: { zone: 1 } }] },
      ['"replicas[0].tags"', 'strings'],
    ],
    ['weight as text', { replicas: [{ host: 'r', weight: '2' }] }, ['"replicas[0].weight"', 'a number']],
    [
      'an address that is none',
      { connectionString: `postgres://u:${SECRET}@h:99999/db`, replicas: ['postgres://r'] },
      ['"connectionString"', 'postgres://user@host'],
    ],
    [
      'a host too many commas',
      { connectionString: `postgres://u:${SECRET}@h1,,h2/db` },
      ['"connectionString"', 'empty host'],
    ],
    [
      'the address of a replica that is none',
      { replicas: [`postgres://u:${SECRET}@r:port/db`] },
      ['"replicas[0]"', 'postgres://user@host'],
    ],
    [
      'the same as an option',
      { replicas: [{ connectionString: `postgres://u:${SECRET}@r:port/db` }] },
      ['"replicas[0].connectionString"'],
    ],
    ['no time to read', { readTimeoutMs: 0 }, ['"readTimeoutMs"', 'above 0', 'received 0']],
    ['no time to fail over', { failoverTimeoutMs: 0 }, ['"failoverTimeoutMs"', 'above 0', 'received 0']],
    [
      'a time to fail over that no timer can measure',
      { failoverTimeoutMs: 2 ** 31 },
      ['"failoverTimeoutMs"', 'at most 2147483647'],
    ],
    ['a lag that is a number', { maxLag: 500 }, ['"maxLag"', 'an object', '500']],
    ['no lag at all', { maxLag: { ms: 0 } }, ['"maxLag.ms"', 'above 0', 'received 0']],
    [
      'a share above one',
      { primarySpill: { share: 2 } },
      ['"primarySpill.share"', 'at most 1', 'received 2'],
    ],
    ['a spill of another kind', { primarySpill: { over: 'drop' } }, ['"primarySpill.over"', '"drop"']],
    ['a balancer by name', { balancer: 'round-robin' }, ['"balancer"', '"order"']],
    ['a balancer that cannot order', { balancer: { order: 1 } }, ['"balancer"', '"order"', 'an object']],
    ['a logger that is none', { logger: true }, ['"logger"', '"warn"', 'true']],
    ['a logger that cannot inform', { logger: { warn: () => {} } }, ['"logger"', '"info"']],
  ])('%s', (_name, options, parts) => {
    const error = failure({ connectionString: ADDRESS, ...options })
    expect(error.code).toBe('SWITCHYARD_INVALID_OPTION')
    for (const part of parts) expect(error.message).toContain(part)
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain(SECRET)
  })

  it.each<[string, object, string, string]>([
    ['of the pool', { windowMS: 1 }, '"windowMS" of the pool', 'Did you mean "windowMs"?'],
    ['of a replica', { replicas: [ADDRESS, { hots: 'r' }] }, '"hots" of replicas[1]', 'Did you mean "host"?'],
    [
      'of the pool, at a replica',
      { replicas: [{ host: 'r', windowMs: 1 }] },
      '"windowMs" of replicas[0]',
      '',
    ],
    ['of the lag', { maxLag: { seconds: 1 } }, '"seconds" of maxLag', ''],
    ['of the spill', { primarySpill: { shares: 1 } }, '"shares" of primarySpill', 'Did you mean "share"?'],
    ['like none of them', { quux: SECRET }, '"quux" of the pool', 'reference/options.md'],
  ])('an unknown option %s', (_name, options, where, advice) => {
    const error = failure({ host: 'h', password: SECRET, ...options })
    expect(error.code).toBe('SWITCHYARD_UNKNOWN_OPTION')
    expect(error.message).toContain(where)
    expect(error.message).toContain(advice)
    expect(`${error.message} ${error.stack}`).not.toContain(SECRET)
  })

  it('unknown keys in configurations of other tools are ignored, as by node-postgres', () => {
    expect(() => resolveOptions({ host: 'h', adapter: 'postgresql', native: false } as object)).not.toThrow()
  })
})

describe('resolved options', () => {
  it('defaults', () => {
    const resolved = resolveOptions({ replicas: ['postgres://r'] })
    expect(resolved).toMatchObject({ windowMs: 2000, probeIntervalMs: 500, probeTimeoutMs: 2000 })
    expect(resolved).toMatchObject({
      maxLag: { ms: 10_000, bytes: 64 * 1024 * 1024 },
      readTimeoutMs: undefined,
      failoverTimeoutMs: 30_000,
      primarySpill: { places: 5, over: 'wait' },
    })
    expect(resolved.balancer.order).toBeTypeOf('function')
    expect(resolved.logger?.warn).toBeTypeOf('function')
  })

  it.each([
    [undefined, 500],
    [10_000, 500],
    [1000, 250],
    [10, 2.5],
  ])('probes come often enough for a window of %s: every %s ms', (windowMs, expected) => {
    expect(resolveOptions({ windowMs }).probeIntervalMs).toBe(expected)
  })

  it('half the window is still often enough', () => {
    expect(resolveOptions({ windowMs: 1000, probeIntervalMs: 500 }).probeIntervalMs).toBe(500)
  })

  it('takes what was given', () => {
    const balancer = { order: <T>(candidates: T): T => candidates }
    const logger = { info: (): void => {}, warn: (): void => {} }
    const times = { windowMs: 50, probeIntervalMs: 10, probeTimeoutMs: 70 }
    const limits = { readTimeoutMs: 80, failoverTimeoutMs: 90, maxLag: { ms: 100, bytes: 110 } }
    const primarySpill = { share: 1, over: 'fail' } as const
    const given = { ...times, ...limits, primarySpill, max: 4, balancer, logger }
    const resolved = resolveOptions({ ...given, replicas: ['postgres://r'] })
    expect(resolved).toMatchObject({ ...times, ...limits, primarySpill: { places: 4, over: 'fail' } })
    expect(resolved.balancer).toBe(balancer)
    expect(resolved.logger).toBe(logger)
  })

  it.each<[string, PoolOptions]>([
    ['where it is switched off', { logger: false, replicas: ['postgres://r'] }],
    ['where there is one node, as with pg.Pool', {}],
  ])('there is no logger %s', (_name, options) => {
    expect(resolveOptions(options).logger).toBeUndefined()
  })

  it('pools do not share a balancer', () => {
    expect(resolveOptions({}).balancer).not.toBe(resolveOptions({}).balancer)
  })

  it('node-postgres gets to see its own options only, and the password', () => {
    const hidden = Object.defineProperty({ max: 3 }, 'password', { value: SECRET, enumerable: false })
    const options: PoolOptions = Object.assign(hidden, {
      host: 'h',
      replicas: ['postgres://r'],
      windowMs: 1000,
      probeIntervalMs: 100,
      probeTimeoutMs: 100,
      readTimeoutMs: 100,
      failoverTimeoutMs: 100,
      maxLag: { ms: 100 },
      primarySpill: { share: 1 },
      logger: false,
    } as const)
    expect(resolveOptions(options).pgOptions).toEqual({ host: 'h', max: 3, password: SECRET })
  })

  it('is frozen, and leaves the given options as they were', () => {
    const options: PoolOptions = Object.freeze({ host: 'h', replicas: Object.freeze(['postgres://r']) })
    expect(Object.isFrozen(resolveOptions(options))).toBe(true)
  })
})
