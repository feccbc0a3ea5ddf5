import type { PoolConfig } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeConfig } from '../nodes/server-node.ts'
import { nodesOf } from './nodes.ts'

beforeEach(() => {
  for (const name of ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE']) vi.stubEnv(name, undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

const ids = (nodes: readonly NodeConfig[]): readonly string[] => nodes.map(({ id }) => id)

/** The options of the first replica. */
function replicaOptions(base: PoolConfig, replica: unknown): PoolConfig {
  const [, node] = nodesOf(base, [replica])
  if (node === undefined) throw new Error('There is no replica')
  return node.options
}

describe('which nodes there are', () => {
  it.each<[string, PoolConfig, unknown, readonly string[]]>([
    ['nothing said: one node, where node-postgres looks', {}, undefined, ['localhost:5432']],
    ['no replicas', { host: 'h', port: 1 }, [], ['h:1']],
    [
      'replicas in their order',
      { host: 'h' },
      ['postgres://r1', { host: 'r2', port: 7 }],
      ['h:5432', 'r1:5432', 'r2:7'],
    ],
    ['a replica on another port only', { host: 'h', port: 1 }, [{ port: 2 }], ['h:1', 'localhost:2']],
    [
      'an address in a string',
      { connectionString: 'postgres://h:9/db' },
      ['postgres://r'],
      ['h:9', 'r:5432'],
    ],
    [
      'the string goes before host and port, as in node-postgres',
      { host: 'x', port: 1, connectionString: 'postgres://h:9' },
      [],
      ['h:9'],
    ],
    [
      'several hosts in the string',
      { connectionString: 'postgres://h1,h2:7/db' },
      ['postgres://r'],
      ['h1:5432', 'h2:7', 'r:5432'],
    ],
    [
      'an empty string is no address, as in node-postgres',
      { connectionString: '', host: 'h' },
      [{ connectionString: '', host: 'r' }],
      ['h:5432', 'r:5432'],
    ],
    ['one address twice', { host: 'h' }, [{ host: 'h' }, 'postgres://h'], ['h:5432', 'h:5432#2', 'h:5432#3']],
    ['IPv6', { host: '::1' }, ['postgres://[::2]:7'], ['::1:5432', '::2:7']],
    ['a socket', { host: '/tmp' }, [{ host: '/run' }], ['/tmp:5432', '/run:5432']],
  ])('%s', (_name, base, replicas, expected) => {
    expect(ids(nodesOf(base, replicas))).toEqual(expected)
  })

  it('names come from the environment where node-postgres takes them from there', () => {
    vi.stubEnv('PGHOST', 'e')
    vi.stubEnv('PGPORT', '6000')
    expect(ids(nodesOf({}, [{ host: 'r' }]))).toEqual(['e:6000', 'r:6000'])
  })

  it('tags: as given, of each for itself', () => {
    const replicas = ['postgres://r1', { host: 'r2', tags: { zone: 'a' } }]
    const nodes = nodesOf({ host: 'p' }, replicas, { tags: { zone: 'b' } })
    expect(nodes.map(({ tags }) => tags)).toEqual([{ zone: 'b' }, undefined, { zone: 'a' }])
    expect(nodes.every(({ options }) => !('tags' in options))).toBe(true)
    expect(nodesOf({ host: 'p' }, [])[0]).not.toHaveProperty('tags')
  })

  it('weights: 1, or what was given, none included', () => {
    const nodes = nodesOf({ host: 'h' }, [
      'postgres://r1',
      { host: 'r2' },
      { host: 'r3', weight: 2.5 },
      { port: 2, weight: 0 },
    ])
    expect(nodes.map(({ weight }) => weight)).toEqual([1, 1, 1, 2.5, 0])
  })

  it('addresses of several servers: only where it is said', () => {
    const nodes = nodesOf({ host: 'h' }, [
      { host: 'r1', balanced: true },
      { host: 'r2', balanced: false },
      'postgres://r3',
    ])
    expect(nodes.map(({ isBalanced }) => isBalanced)).toEqual([undefined, true, undefined, undefined])
    expect(nodes.some(({ options }) => 'balanced' in options)).toBe(false)
  })

  it.each(['yes', 1, null, {}])('refuses %j as an answer to whether an address is shared', (balanced) => {
    expect(() => nodesOf({ host: 'h' }, [{ host: 'r' }, { host: 's', balanced }])).toThrow(
      /Option "replicas\[1\]\.balanced" must be true or false; received/,
    )
  })

  it('an address in a string is left to node-postgres as it was', () => {
    const base = { connectionString: 'postgres://u:p@h:9/db', max: 3 }
    expect(nodesOf(base, [])[0]?.options).toEqual(base)
  })
})

describe('options that a replica inherits', () => {
  const base = {
    host: 'h',
    port: 1,
    user: 'app',
    password: 'sesame',
    database: 'shop',
    ssl: { ca: 'x' },
    max: 7,
    application_name: 'shop',
    statement_timeout: 500,
  }
  const { host: _host, port: _port, ...rest } = base

  it.each<[string, unknown, PoolConfig]>([
    ['everything but host and port', { host: 'r' }, { ...rest, host: 'r' }],
    ['not even the port of the primary', 'postgres://r', { ...rest, host: 'r' }],
    ['nor its host, when only a port is given', { port: 2 }, { ...rest, port: 2 }],
    [
      'what it says itself goes first',
      { host: 'r', user: 'reader', max: 2 },
      { ...rest, host: 'r', user: 'reader', max: 2 },
    ],
    ['undefined says nothing', { host: 'r', user: undefined, port: undefined }, { ...rest, host: 'r' }],
    [
      'what a string says goes first',
      'postgres://reader:open@r:2/copy',
      { ...rest, user: 'reader', password: 'open', host: 'r', port: '2' as never, database: 'copy' },
    ],
    [
      'what a string leaves out is inherited',
      { connectionString: 'postgres://reader@r', max: 2 },
      { ...rest, user: 'reader', host: 'r', max: 2 },
    ],
  ])('%s', (_name, replica, expected) => {
    expect(replicaOptions(base, replica)).toEqual(expected)
  })

  it('also from the address of the pool', () => {
    const options = replicaOptions(
      { connectionString: 'postgres://app:sesame@h:9/shop', max: 7 },
      { host: 'r' },
    )
    expect(options).toEqual({ user: 'app', password: 'sesame', database: 'shop', max: 7, host: 'r' })
  })

  it('and from an address with several hosts', () => {
    const nodes = nodesOf({ connectionString: 'postgres://app:a,b@h1,h2/shop' }, ['postgres://r'])
    expect(nodes.map(({ options }) => options)).toEqual(
      ['h1', 'h2', 'r'].map((host) => ({ host, user: 'app', password: 'a,b', database: 'shop' })),
    )
  })

  it.each<[string, object]>([
    ['the pool', {}],
    ['a replica', { host: 'r', user: 'reader' }],
  ])('a password that %s hides from view, as node-postgres makes it', (_name, replica) => {
    const hide = (options: object): object =>
      Object.defineProperty({ ...options }, 'password', { value: 'hidden', enumerable: false })
    const inPool = replicaOptions(hide({ host: 'h' }), { host: 'r' })
    expect(inPool.password).toBe('hidden')
    const inReplica = replicaOptions({ host: 'h', password: 'open' }, hide({ host: 'r', ...replica }))
    expect(inReplica.password).toBe('hidden')
  })

  it('a password that is requested at every connection', () => {
    const password = (): string => 'fresh'
    expect(replicaOptions({ host: 'h', password }, { host: 'r' }).password).toBe(password)
  })

  it('options that were given are not changed', () => {
    const given = Object.freeze({ host: 'r', weight: 2 })
    nodesOf(Object.freeze({ host: 'h' }), Object.freeze([given]))
    expect(given).toEqual({ host: 'r', weight: 2 })
  })
})
