import { describe, expect, test } from 'vitest'
import { functionDiscovery } from '../discovery/function.ts'
import type { PoolOptions } from '../config/options.ts'
import { optionsFor, registrationOf, type Registration } from './registration.ts'
import type { Environment } from './variables.ts'

const primary = 'postgres://app:secret@db.example:5433/shop'
const replica = 'postgres://replica.example:5434'

function registered(environment: Environment): Registration {
  const registration = registrationOf({
    DATABASE_URL: primary,
    DATABASE_REPLICA_URLS: replica,
    ...environment,
  })
  if (registration === undefined || registration === 'no-replicas') throw new Error('nothing is registered')
  return registration
}

describe('the environment', () => {
  test('names the replicas', () => {
    const { replicas } = registered({ DATABASE_REPLICA_URLS: `${replica},postgres://b/shop ${replica}\n` })
    expect(replicas.map(({ host }) => host)).toEqual(['replica.example', 'b', 'replica.example'])
  })

  test('may name none', () => {
    expect(registrationOf({ DATABASE_URL: primary })).toBe('no-replicas')
    expect(registrationOf({ DATABASE_URL: primary, DATABASE_REPLICA_URLS: ' ' })).toBe('no-replicas')
  })

  test('may switch it off, whatever else it says', () => {
    expect(registrationOf({ PG_SWITCHYARD: 'off', DATABASE_REPLICA_URLS: 'nonsense' })).toBeUndefined()
  })

  test('gives options', () => {
    const { options } = registered({
      PG_SWITCHYARD_CONSISTENCY: 'bounded',
      PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: '0',
      PG_SWITCHYARD_MAX_STALENESS_MS: '1500',
      PG_SWITCHYARD_WINDOW_MS: '3000',
      PG_SWITCHYARD_WITHOUT_PRIMARY_AT_START: 'serve',
      PG_SWITCHYARD_READ_TIMEOUT_MS: '700',
      PG_SWITCHYARD_FAILOVER_TIMEOUT_MS: '800',
      PG_SWITCHYARD_PROBE_INTERVAL_MS: '90',
      PG_SWITCHYARD_MAX_LAG_MS: '4000',
      PG_SWITCHYARD_MAX_LAG_BYTES: '5000',
      PG_SWITCHYARD_PRIMARY_SPILL_SHARE: '0.25',
      PG_SWITCHYARD_CHECKOUT: 'eager',
      PG_SWITCHYARD_LOG: 'off',
    })
    expect(options).toEqual({
      consistency: 'bounded',
      catchUpTimeoutMs: 0,
      maxStalenessMs: 1500,
      windowMs: 3000,
      withoutPrimaryAtStart: 'serve',
      readTimeoutMs: 700,
      failoverTimeoutMs: 800,
      probeIntervalMs: 90,
      maxLag: { ms: 4000, bytes: 5000 },
      primarySpill: { share: 0.25 },
      checkout: 'eager',
      logger: false,
    })
  })

  test.each<readonly [environment: Environment, message: string]>([
    [{ PG_SWITCHYARD: 'yes' }, 'PG_SWITCHYARD must be "on" or "off"'],
    [
      { PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: 'soon' },
      'PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: Option "catchUpTimeoutMs" must be a number at least 0 and at most 2147483647; received "soon"',
    ],
    [
      { PG_SWITCHYARD_WINDOW_MS: '-1' },
      'PG_SWITCHYARD_WINDOW_MS: Option "windowMs" must be a number above 0',
    ],
    [{ PG_SWITCHYARD_CONSISTENCY: 'weak' }, 'PG_SWITCHYARD_CONSISTENCY: Option "consistency" must be one of'],
    [{ PG_SWITCHYARD_LOG: 'loud' }, 'PG_SWITCHYARD_LOG: must be "off", "warn" or "info"'],
    [{ PG_SWITCHYARD_MAX_LAG_MS: '0' }, 'PG_SWITCHYARD_MAX_LAG_MS: Option "maxLag.ms" must be'],
    [
      { PG_SWITCHYARD_WINDOW_MS: '100', PG_SWITCHYARD_PROBE_INTERVAL_MS: '400' },
      'PG_SWITCHYARD_…: Option "probeIntervalMs" must be a number above 0 and at most 50; received 400',
    ],
    [
      { PG_SWITCHYARD_CATCHUPTIMEOUTMS: '5' },
      'Unknown environment variable PG_SWITCHYARD_CATCHUPTIMEOUTMS. Did you mean PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS?',
    ],
    [{ DATABASE_URL: 'shop' }, 'DATABASE_URL: Option "connectionString" must be a connection string'],
    [
      { DATABASE_REPLICA_URLS: `${replica} b` },
      'DATABASE_REPLICA_URLS[1]: Option "connectionString" must be',
    ],
    [{ DATABASE_REPLICA_URLS: 'postgres:///shop' }, 'DATABASE_REPLICA_URLS[0] must name a host'],
    [
      { DATABASE_REPLICA_URLS: 'postgres://replica.example/crm' },
      'DATABASE_REPLICA_URLS[0] must name the database of DATABASE_URL, "shop", or none; received "crm"',
    ],
  ])('%j is refused by name', (environment, message) => {
    expect(() => registered(environment)).toThrow(message)
  })

  test('a password is never shown', () => {
    const wrong = 'postgres://app:secret@db.example:port/shop'
    const right = 'postgres://app@db.example/shop'
    // The scheme is missing, and node-postgres takes the rest for the database.
    const mistyped = '/db.example app?password=secret'
    for (const environment of [
      { DATABASE_URL: wrong },
      { DATABASE_REPLICA_URLS: wrong },
      { DATABASE_URL: mistyped, DATABASE_REPLICA_URLS: right },
      { DATABASE_URL: right, DATABASE_REPLICA_URLS: mistyped },
    ]) {
      expect(() => registered(environment)).toThrow(/^(?!.*secret)/)
    }
  })
})

describe('which pools get the replicas', () => {
  const hosts = (options: PoolOptions, environment: Environment = {}): unknown =>
    optionsFor(options, registered(environment)).replicas?.map((each) => Reflect.get(each as object, 'host'))
  const some = ['replica.example']
  const fields = { host: 'db.example', port: 5433, user: 'app', database: 'shop' }

  test.each<readonly [what: string, options: PoolOptions, expected: unknown]>([
    ['the same address', { connectionString: primary }, some],
    ['the same in fields', fields, some],
    ['another spelling of the host', { ...fields, host: 'DB.example' }, some],
    ['another port', { ...fields, port: 5432 }, undefined],
    ['another host', { ...fields, host: 'other.example' }, undefined],
    ['another database', { ...fields, database: 'crm' }, undefined],
    ['the same for logical replication', { ...fields, replication: 'database' } as PoolOptions, undefined],
    ['what cannot be understood', { connectionString: 'postgres://h:port/x' }, undefined],
    ['discovery of its own', { ...fields, discovery: functionDiscovery(() => []) }, undefined],
  ])('%s', (_what, options, expected) => {
    expect(hosts(options)).toEqual(expected)
  })

  test('one that names its own replicas keeps them', () => {
    expect(hosts({ ...fields, replicas: [{ host: 'mine' }] })).toEqual(['mine'])
    expect(hosts({ ...fields, replicas: [] })).toEqual([])
  })

  test('every name of this machine is the same', () => {
    const environment = { DATABASE_URL: 'postgres://app@localhost:5433/shop' }
    expect(hosts({ ...fields, host: '127.0.0.1' }, environment)).toEqual(some)
  })

  test('one of several hosts', () => {
    const environment = { DATABASE_URL: 'postgres://app@a:1,db.example:5433/shop' }
    expect(hosts(fields, environment)).toEqual(some)
    expect(hosts({ connectionString: environment.DATABASE_URL }, environment)).toEqual(some)
  })

  test('another role never reads with the login of the address', () => {
    const environment = { DATABASE_REPLICA_URLS: 'postgres://app:secret@replica.example/shop' }
    const login = (options: PoolOptions): unknown =>
      optionsFor(options, registered(environment)).replicas?.map((each) => ({ ...(each as object) }))
    expect(login(fields)).toMatchObject([{ host: 'replica.example', user: 'app', password: 'secret' }])
    expect(login({ ...fields, user: 'auditor' })).toEqual([{ host: 'replica.example', database: 'shop' }])
  })
})

test('a pool’s own options win, and those that pg.Pool does not know are left out', () => {
  const hidden = Object.defineProperty({}, 'password', { value: 'secret', enumerable: false })
  const given = Object.assign(hidden, {
    connectionString: primary,
    consistency: 'strong',
    catchUpTimeoutMs: undefined,
    ours: 1,
  })
  const options = optionsFor(given as PoolOptions, registered({ PG_SWITCHYARD_CONSISTENCY: 'eventual' }))
  expect(options).toMatchObject({ consistency: 'strong', password: 'secret' })
  expect(options).not.toHaveProperty('ours')
})
