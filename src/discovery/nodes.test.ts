import { describe, expect, it } from 'vitest'
import { checkNodes, sameNodes } from './nodes.ts'

describe('checkNodes', () => {
  it('settles weights, drops what it does not know, and takes a server once', () => {
    const given = [
      { host: '10.0.0.1', role: 'primary' },
      { host: 'db.example', port: 5433, weight: 0 },
      { host: '10.0.0.1' },
      { host: '::1' },
      { host: '/var/run/postgresql', weight: 0.5 },
    ]
    expect(checkNodes(given)).toEqual([
      { host: '10.0.0.1', weight: 1 },
      { host: 'db.example', port: 5433, weight: 0 },
      { host: '::1', weight: 1 },
      { host: '/var/run/postgresql', weight: 0.5 },
    ])
  })

  it.each([
    [{ zone: 'a' }, { zone: 'a' }, true],
    [{ zone: 'a' }, { zone: 'b' }, false],
    [{ zone: 'a' }, undefined, false],
    [undefined, { zone: 'a' }, false],
    [{}, undefined, true],
  ])('with tags %j and then %j: the same is %s', (before, after, expected) => {
    const listOf = (tags: unknown) => checkNodes([{ host: 'a', tags }])
    expect(sameNodes(listOf(before), listOf(after))).toBe(expected)
  })

  it.each([
    [undefined, 'The answer must be an array of nodes; received undefined'],
    [{ a: 1 }, 'The answer must be an array of nodes; received an object'],
    [['10.0.0.1'], '[0] must be an object with a "host"; received "10.0.0.1"'],
    [[null], '[0] must be an object with a "host"; received null'],
    [[{}], '[0].host must be a name, an address or the directory of a socket; received undefined'],
    [[{ host: 'a b' }], 'received "a b"'],
    [[{ host: 'http://a' }], 'received "http://a"'],
    [[{ host: 'postgres://joe:secret@db' }], 'received a string of 24 characters'],
    [[{ host: 'joe:secret@db' }], 'received a string of 13 characters'],
    [[{ host: 'a' }, { host: 'b', port: 0 }], '[1].port must be an integer from 1 to 65535; received 0'],
    [[{ host: 'a', port: 65_536 }], 'received 65536'],
    [[{ host: 'a', port: '5432' }], 'received "5432"'],
    [[{ host: 'a', weight: -1 }], '[0].weight must be a number of at least 0; received -1'],
    [[{ host: 'a', weight: Number.NaN }], 'received NaN'],
    [[{ host: 'a', weight: Infinity }], 'received Infinity'],
    [[{ host: 'a', tags: { zone: 1 } }], '[0].tags must be an object of strings; received an object'],
    [
      [
        { host: 'a', port: 1, weight: 1 },
        { host: 'a', port: 1, weight: 2 },
      ],
      '[1].weight must be 1 as before for a:1; received 2',
    ],
  ])('%j is an error that names what came', (answer, message) => {
    expect(() => checkNodes(answer)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_BAD_DISCOVERY',
        message: expect.stringContaining(message),
      }),
    )
  })
})
