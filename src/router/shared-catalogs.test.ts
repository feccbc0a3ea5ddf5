import { Client } from 'pg'
import { expect, test } from 'vitest'
import { connectBy } from '../platform/connect.ts'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { SimulatedCatalog } from '../../test/support/simulated-catalog.ts'
import { parseDeclarations } from '../catalog/declared.ts'
import { CatalogWatcher } from '../catalog/watcher.ts'
import { SharedCatalogs, type CatalogSource, type CatalogUser } from './shared-catalogs.ts'
import { createLibpgQueryParser } from '../statement/libpg-query-parser.ts'
import { createNodeSqlParser } from '../statement/node-sql-parser-parser.ts'

const OPTIONS = { host: 'p', database: 'shop', user: 'app', password: 'secret' }

function user(given: Partial<CatalogUser> = {}, source: Partial<CatalogSource> = {}): CatalogUser {
  return {
    connect: connectBy(Client),
    parser: createLibpgQueryParser(),
    declared: [],
    connectTimeoutMs: 1_000,
    primary: () => ({
      serverIdentity: '7:1',
      options: OPTIONS,
      ask: () => Promise.resolve(undefined),
      ...source,
    }),
    schemaChanged: () => {},
    onEvent: () => {},
    ...given,
  }
}

test.each([
  ['a password', user({}, { options: { ...OPTIONS, password: () => 'changed' } })],
  ['a name of the host', user({}, { options: { ...OPTIONS, host: 'q' } })],
  [
    'the way it is spelled',
    user({}, { options: { connectionString: 'postgres://app@p/shop', password: 'secret' } }),
  ],
  ['an equal declaration', user({ declared: parseDeclarations({}) })],
])('pools that differ in %s share a catalog', (_what, other) => {
  const catalogs = new SharedCatalogs(new FakePlatform())
  expect(catalogs.join(other)).toBe(catalogs.join(user()))
})

test.each([
  ['the server', user({}, { serverIdentity: '7:2' })],
  ['the database behind a name of a pooler', user({}, { login: 'shop_of_tests app' })],
  ['a former database of the same name', user({}, { login: '6 shop app' })],
  ['the database', user({}, { options: { ...OPTIONS, database: 'other' } })],
  ['the role', user({}, { options: { ...OPTIONS, user: 'admin' } })],
  ['what the connection begins with', user({}, { options: { ...OPTIONS, options: '-c role=admin' } })],
  ['the class of clients', user({ connect: connectBy(class extends Client {}) })],
  ['the parser', user({ parser: createNodeSqlParser() })],
  ['what is declared', user({ declared: parseDeclarations({ functions: { f: 'readOnly' } }) })],
])('pools that differ in %s do not', (_what, other) => {
  const catalogs = new SharedCatalogs(new FakePlatform())
  expect(catalogs.join(other)).not.toBe(catalogs.join(user()))
})

test('there is none without a primary', () => {
  const catalogs = new SharedCatalogs(new FakePlatform())
  expect(catalogs.join(user({ primary: () => undefined }))).toBeUndefined()
})

test('a catalog outlives its pools, unless many others have come since', async () => {
  const catalogs = new SharedCatalogs(new FakePlatform())
  const first = user()
  const catalog = catalogs.join(first)
  await catalog?.leave(first)
  expect(catalogs.join(first)).toBe(catalog)
  await catalog?.leave(first)
  for (let n = 0; n < 9; n++) {
    const other = user({}, { serverIdentity: `8:${n}` })
    await catalogs.join(other)?.leave(other)
  }
  expect(catalogs.join(first)).not.toBe(catalog)
})

const login = '5 shop app'

test('a database that has taken the name of another one begins without a catalog', async () => {
  const platform = new FakePlatform()
  const watcher = new CatalogWatcher({ platform, query: async () => new SimulatedCatalog().load() })
  watcher.start(0)
  await watcher.settled()
  const former = { watcher, login, isOf: () => false, ddlPassed: () => {}, leave: async () => {} }
  const sourceOf = (id: string): string | undefined =>
    new SharedCatalogs(platform).join(user({}, { login: id }), former)?.watcher.current.source
  expect(sourceOf(login)).toBe('loaded')
  expect(sourceOf('6 shop app')).not.toBe('loaded')
})

test('a pool that gets a loaded catalog is told when its schema was read', async () => {
  const platform = new FakePlatform()
  const watcher = new CatalogWatcher({ platform, query: async () => new SimulatedCatalog().load() })
  watcher.start(0)
  await watcher.settled()
  const readAtMs = platform.now()
  await platform.advance(7_000)
  const former = {
    watcher,
    login,
    isOf: () => true,
    ddlPassed: () => {},
    leave: async () => {},
  }
  const told: number[] = []
  const telling = (): CatalogUser =>
    user({ schemaChanged: (loadedAtMs) => void told.push(loadedAtMs) }, { login })
  const catalogs = new SharedCatalogs(platform)
  const catalog = catalogs.join(telling(), former)
  expect(told).toEqual([readAtMs])
  expect(catalogs.join(telling())).toBe(catalog)
  expect(told).toEqual([readAtMs, readAtMs])
})
