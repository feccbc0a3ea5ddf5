import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import type { Done } from '../execution/execution.ts'
import { isSubmittable, normalizeQuery, promised } from './query-arguments.ts'

/** Returns the arguments of the call of `client.query`. */
function sentBy(config: unknown, values: unknown): { args: unknown[]; done: Done } {
  const calls: unknown[][] = []
  const client = { query: (...args: unknown[]) => void calls.push(args) } as unknown as PoolClient
  const done: Done = () => {}
  normalizeQuery(config, values).send(client, done)
  expect(calls).toHaveLength(1)
  return { args: calls[0] ?? [], done }
}

describe('normalizeQuery', () => {
  it.each<[string, unknown, string | undefined, object]>([
    ['text', 'select 1', 'select 1', {}],
    ['a config', { text: 'select 1', values: [1] }, 'select 1', {}],
    ['a config with a route', { text: 'select 1', route: 'replica' }, 'select 1', { route: 'replica' }],
    ['a config with a staleness', { text: 'select 1', maxStalenessMs: 0 }, 'select 1', { maxStalenessMs: 0 }],
    [
      'both',
      { text: 'select 1', route: 'primary', maxStalenessMs: 5 },
      'select 1',
      { route: 'primary', maxStalenessMs: 5 },
    ],
    ['both undefined', { text: 'select 1', route: undefined, maxStalenessMs: undefined }, 'select 1', {}],
    [
      'any staleness will do',
      { text: 'select 1', maxStalenessMs: Infinity },
      'select 1',
      { maxStalenessMs: Infinity },
    ],
    ['a prepared statement by its name alone: no text to judge', { name: 'q' }, undefined, {}],
    ['a text that is none', { text: 5 }, undefined, {}],
    [
      'an instance of a class',
      new (class {
        readonly text = 'select 1'
      })(),
      'select 1',
      {},
    ],
    ['nothing', undefined, undefined, {}],
    ['null', null, undefined, {}],
    ['a number', 5, undefined, {}],
  ])('%s', (_name, config, text, request) => {
    expect(normalizeQuery(config, undefined)).toMatchObject({ text, request })
    expect(normalizeQuery(config, undefined).request).toEqual(request)
  })

  it.each<[object, string]>([
    [{ route: 'standby' }, '"standby"'],
    [{ route: null }, 'null'],
    [{ route: {} }, 'an object'],
    [{ route: Object.create(null) }, 'an object'],
    [{ route: Symbol('primary') }, 'Symbol(primary)'],
  ])('a route that is none: %o', (config, received) => {
    expect(() => normalizeQuery({ text: 'select 1', ...config }, undefined)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: `Option "route" of a query must be "primary" or "replica"; received ${received}`,
      }),
    )
  })

  it.each<[unknown, string]>([
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['5', '"5"'],
    [null, 'null'],
    [5n, '5'],
  ])('a staleness that is none: %s', (maxStalenessMs, received) => {
    expect(() => normalizeQuery({ text: 'select 1', maxStalenessMs }, undefined)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: `Option "maxStalenessMs" of a query must be a number of at least 0; received ${received}`,
      }),
    )
  })

  it('sends what it was given as it was at that moment, and leaves it untouched', () => {
    const types = { getTypeParser: () => String }
    const config = {
      text: 'select $1',
      route: 'replica',
      name: 'n',
      rowMode: 'array',
      types,
      query_timeout: 5,
      // For a class of clients of the application's own.
      own: true,
    }
    const given = Object.freeze({ ...config })
    const values = [1]
    const { args, done } = sentBy(given, values)
    const { route: _route, ...sent } = config
    expect(args[0]).toEqual(sent)
    expect(args[0]).not.toBe(given)
    expect(args[1]).toBe(values)
    expect(args[2]).toBe(done)
    expect(sentBy('select 1', undefined).args).toEqual(['select 1', undefined, expect.any(Function)])
  })

  it('lets node-postgres speak of what it does not take', () => {
    const client = {
      query: () => {
        throw new TypeError('Client was passed a null or undefined query')
      },
    } as unknown as PoolClient
    const { send } = normalizeQuery(null, undefined)
    const told: unknown[] = []
    send(client, (error) => told.push(error?.message))
    expect(told).toEqual(['Client was passed a null or undefined query'])
  })
})

describe('isSubmittable', () => {
  it.each<[string, unknown, boolean]>([
    ['an object with submit', { submit() {} }, true],
    [
      'a class with submit',
      new (class {
        submit(): void {}
      })(),
      true,
    ],
    ['a config', { text: 'select 1' }, false],
    ['a submit that is no function', { submit: true }, false],
    ['text', 'select 1', false],
    ['null', null, false],
    ['undefined', undefined, false],
  ])('%s', (_name, config, expected) => {
    expect(isSubmittable(config)).toBe(expected)
  })
})

describe('promised', () => {
  it('resolves with the result', async () => {
    await expect(promised((done) => done(undefined, 'rows'))).resolves.toBe('rows')
  })

  it('rejects with the very error, which now leads to who asked', async () => {
    const error = new Error('division by zero')
    error.stack = 'Error: division by zero\n    at Socket.onData'
    async function whoAsked(): Promise<unknown> {
      return await promised((done) => setImmediate(done, error))
    }
    await expect(whoAsked()).rejects.toBe(error)
    expect(error.stack).toContain('whoAsked')
    expect(error.stack).toContain('division by zero')
  })

  it('rejects with what starting throws', async () => {
    const start = (): never => {
      throw new TypeError('no')
    }
    await expect(promised(start)).rejects.toThrow('no')
  })

  it('an error that is no Error comes as it is', async () => {
    await expect(promised((done) => done('text' as unknown as Error))).rejects.toBe('text')
  })
})
