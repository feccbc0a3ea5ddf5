import { describe, expect, it } from 'vitest'
import { readCluster } from './patroni-cluster.ts'

describe('readCluster', () => {
  it('takes every member with an address, whatever Patroni says of its role and state', () => {
    const members = [
      { name: 'a', role: 'leader', state: 'running', host: '10.0.0.1', port: 5432, timeline: 3 },
      { name: 'b', role: 'sync_standby', state: 'streaming', host: '10.0.0.2', port: 5433, lag: 0 },
      { name: 'c', role: 'replica', state: 'starting', host: '10.0.0.3', lag: 'unknown' },
      { name: 'd', role: 'replica', state: 'stopped', host: '10.0.0.4', port: 5432, tags: {} },
      { name: 'e', role: 'replica', state: 'creating replica' },
    ]
    expect(readCluster({ members, scope: 'x' }).nodes).toEqual([
      { host: '10.0.0.1', port: 5432, weight: 1 },
      { host: '10.0.0.2', port: 5433, weight: 1 },
      { host: '10.0.0.3', port: 5432, weight: 1 },
      { host: '10.0.0.4', port: 5432, weight: 1, tags: {} },
    ])
  })

  it.each([
    [
      { zone: 'a', nofailover: true, prio: 2 },
      { zone: 'a', nofailover: 'true', prio: '2' },
    ],
    [
      { toString: 1, valueOf: { a: null } },
      { toString: '1', valueOf: '{"a":null}' },
    ],
    [{ zone: { toString: 1 } }, { zone: '{"toString":1}' }],
    [{}, {}],
    [null, undefined],
    [['zone'], undefined],
  ])('tags %j are passed on as text', (tags, expected) => {
    const [member] = readCluster({ members: [{ role: 'replica', host: 'a', tags }] }).nodes
    expect(member?.tags).toEqual(expected)
  })

  it.each([
    [{ noloadbalance: true }, 0],
    [{ noloadbalance: 'true' }, 0],
    [{ noloadbalance: 'Yes' }, 0],
    [{ noloadbalance: false }, 1],
    [{ noloadbalance: 'false' }, 1],
    [{ nofailover: true }, 1],
    [{ noloadbalance: { toString: 1 } }, 1],
    [null, 1],
  ])('tags %j: weight %i, the leader too, who stays in the list', (tags, weight) => {
    const [leader] = readCluster({ members: [{ role: 'leader', host: 'a', tags }] }).nodes
    expect(leader).toMatchObject({ host: 'a', port: 5432, weight })
  })

  it('learns where the other APIs are', () => {
    const members = [
      { host: 'a', api_url: 'http://10.0.0.1:8008/patroni' },
      { host: 'b', api_url: 'https://[fd00::2]:8008/patroni' },
      { host: 'c', api_url: 'ftp://10.0.0.3/' },
      { host: 'd', api_url: 'http://' },
      { host: 'e' },
    ]
    expect(readCluster({ members }).apis.map(String)).toEqual([
      'http://10.0.0.1:8008/',
      'https://[fd00::2]:8008/',
    ])
  })

  it.each([
    [null, '"members" must be an array; received undefined'],
    ['hello', 'received undefined'],
    [{ members: { a: 1 } }, 'received an object'],
    [{ members: [{ host: 5 }] }, '"host" of a member must be a name; received 5'],
    [
      { members: [{ host: 'a', port: '5432' }] },
      '"port" of a must be an integer from 1 to 65535; received "5432"',
    ],
  ])('%j is an error that names what came', (answer, message) => {
    expect(() => readCluster(answer)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_BAD_DISCOVERY',
        message: expect.stringContaining(message),
      }),
    )
  })
})
