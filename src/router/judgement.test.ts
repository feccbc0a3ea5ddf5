import { Client } from 'pg'
import { expect, test } from 'vitest'
import { connectBy } from '../platform/connect.ts'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { until } from '../../test/support/servers.ts'
import { CatalogWatcher } from '../catalog/watcher.ts'
import { Judgement } from './judgement.ts'
import { createLibpgQueryParser } from '../statement/libpg-query-parser.ts'

const READ = 'select * from things'

/** Answer of a database without any object of its own. */
const SCHEMA = [
  { object: 'setting', schema: '', verdict: 'on', names: '[]' },
  ...'relations parents keys triggers edges routines called types operators silent primaryKeys attributes'
    .split(' ')
    .map((section) => ({ object: 'effect', schema: '', verdict: section, names: '[]' })),
]

/** A database that answers on demand. */
class Database {
  readonly #waiting: ((rows: readonly unknown[]) => void)[] = []

  readonly ask = (): Promise<readonly unknown[]> => new Promise((resolve) => this.#waiting.push(resolve))

  get questions(): number {
    return this.#waiting.length
  }

  async answers(rows: readonly unknown[] = []): Promise<void> {
    await until('it is asked', () => this.questions > 0)
    this.#waiting.shift()?.(rows)
  }
}

/** It sees a primary, whose catalog has no other user. */
async function judgementOver(
  database: Database,
  platform: FakePlatform,
  catchUpTimeoutMs: number,
): Promise<Judgement> {
  const parser = createLibpgQueryParser()
  const watcher = new CatalogWatcher({ query: database.ask, platform })
  const judgement = new Judgement({
    resolved: { parser, declared: [], statementCacheBytes: 10_000, maxSqlBytes: 10_000, catchUpTimeoutMs },
    platform,
    catalogs: {
      join: () => ({
        watcher,
        login: undefined,
        isOf: () => true,
        ddlPassed: (isCertain) => watcher.ddlPassed(isCertain),
        leave: async () => watcher.pause(),
      }),
    },
    user: {
      connect: connectBy(Client),
      parser,
      declared: [],
      connectTimeoutMs: 1_000,
      primary: () => undefined,
      schemaChanged: () => {},
      onEvent: () => {},
    },
  })
  await judgement.load()
  judgement.follow({ serverIdentity: 'a server' })
  return judgement
}

async function afterDdl(catchUpTimeoutMs: number): Promise<[Judgement, Database, FakePlatform]> {
  const platform = new FakePlatform()
  const database = new Database()
  const judgement = await judgementOver(database, platform, catchUpTimeoutMs)
  judgement.start()
  await database.answers()
  await until('the catalog is loaded', () => judgement.source === 'loaded')
  judgement.ddlPassed()
  return [judgement, database, platform]
}

test('a text with an unknown name waits for recent changes, and no other does', async () => {
  const [judgement, database] = await afterDdl(1_000)
  let known = false
  const waiting = judgement.changeKnown(judgement.judge(READ))?.then(() => (known = true))
  expect(waiting).toBeDefined()
  expect(judgement.changeKnown(judgement.judge('select 1'))).toBeUndefined()
  await Promise.resolve()
  expect(known).toBe(false)
  while (!known) await database.answers().then(() => new Promise(setImmediate))
  await waiting
  expect(judgement.changeKnown(judgement.judge(READ))).toBeUndefined()
  await judgement.leave()
})

test('it waits no longer than catchUpTimeoutMs, and not at all when that is 0', async () => {
  const [judgement, , platform] = await afterDdl(500)
  const waiting = judgement.changeKnown(judgement.judge(READ))
  expect(waiting).toBeDefined()
  await platform.advance(500)
  await waiting
  await judgement.leave()

  const [hasty] = await afterDdl(0)
  expect(hasty.changeKnown(hasty.judge(READ))).toBeUndefined()
  await hasty.leave()
})

test('the database is asked with the second statement, and a read waits for its first answer', async () => {
  const database = new Database()
  const judgement = await judgementOver(database, new FakePlatform(), 1_000)
  judgement.used()
  expect(judgement.changeKnown(judgement.judge(READ))).toBeUndefined()
  expect(database.questions).toBe(0)
  judgement.used()
  expect(database.questions).toBe(1)
  const known = judgement.changeKnown(judgement.judge(READ))
  expect(known).toBeDefined()
  await database.answers()
  await known
  expect(judgement.source).toBe('loaded')
  await judgement.leave()
})

test('no text waits for a load longer than 100 ms, nor for one that takes longer than a second', async () => {
  const platform = new FakePlatform()
  const judgement = await judgementOver(new Database(), platform, 1_000)
  judgement.start()
  let isOver = false
  void judgement.changeKnown(judgement.judge(READ))?.then(() => (isOver = true))
  await platform.advance(99)
  expect(isOver).toBe(false)
  await platform.advance(1)
  expect(isOver).toBe(true)
  await platform.advance(900)
  expect(judgement.changeKnown(judgement.judge(READ))).toBeUndefined()
  await judgement.leave()
})

test('a text waits longer for new objects of this pool, until the first load', async () => {
  const platform = new FakePlatform()
  const database = new Database()
  const judgement = await judgementOver(database, platform, 100)
  judgement.ddlPassed('create table app.things (id int)')
  judgement.start()
  const outcomes: string[] = []
  void judgement.changeKnown(judgement.judge('select * from app.things'))?.then(() => outcomes.push('own'))
  void judgement.changeKnown(judgement.judge('select * from others'))?.then(() => outcomes.push('other'))
  await platform.advance(100)
  expect(outcomes).toEqual(['other'])
  await database.answers()
  await until('it is known', () => outcomes.length === 2)
  await judgement.leave()
})

test('unknown objects that a text has created may be anything', async () => {
  const platform = new FakePlatform()
  const judgement = await judgementOver(new Database(), platform, 100)
  judgement.ddlPassed()
  judgement.start()
  let isOver = false
  void judgement.changeKnown(judgement.judge(READ))?.then(() => (isOver = true))
  await platform.advance(999)
  expect(isOver).toBe(false)
  await platform.advance(1)
  expect(isOver).toBe(true)
  await judgement.leave()
})

test('while the schema may have changed, no footprint relies on it', async () => {
  const database = new Database()
  const judgement = await judgementOver(database, new FakePlatform(), 100)
  judgement.start()
  await database.answers(SCHEMA)
  await until('the catalog is loaded', () => judgement.source === 'loaded')
  expect(judgement.judge('select 1').footprint).toEqual({ changes: [], shows: [] })
  judgement.ddlPassed('do $$ begin end $$', false)
  expect(judgement.source).toBe('loaded')
  expect(judgement.judge('select 1').footprint).toEqual({ changes: [], shows: 'everything' })
  await judgement.leave()
})
