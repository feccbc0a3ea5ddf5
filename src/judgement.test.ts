import { expect, test } from 'vitest'
import { FakePlatform } from '../test/support/fake-platform.ts'
import { until } from '../test/support/servers.ts'
import { Judgement } from './judgement.ts'
import { createLibpgQueryParser } from './statement/libpg-query-parser.ts'

const READ = 'select * from things'

/** What a database was asked, and answers when it is told to. */
class Database {
  readonly #waiting: ((rows: readonly unknown[]) => void)[] = []

  readonly ask = (): Promise<readonly unknown[]> => new Promise((resolve) => this.#waiting.push(resolve))

  get questions(): number {
    return this.#waiting.length
  }

  async answers(): Promise<void> {
    await until('it is asked', () => this.questions > 0)
    this.#waiting.shift()?.([])
  }
}

async function afterDdl(waitMs: number): Promise<[Judgement, Database, FakePlatform]> {
  const platform = new FakePlatform()
  const database = new Database()
  const judgement = new Judgement({
    settings: {
      parser: createLibpgQueryParser(),
      declared: [],
      statementCacheBytes: 10_000,
      maxSqlBytes: 10_000,
      waitMs,
    },
    platform,
    ask: database.ask,
    onEvent: () => {},
  })
  await judgement.load()
  judgement.start()
  await database.answers()
  await until('the catalog is loaded', () => judgement.source === 'loaded')
  judgement.ddlPassed()
  return [judgement, database, platform]
}

test('what names something unknown waits for what has just changed, and nothing else does', async () => {
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
  judgement.close()
})

test('it waits no longer than waitMs, and not at all when that is 0', async () => {
  const [judgement, , platform] = await afterDdl(1_000)
  const waiting = judgement.changeKnown(judgement.judge(READ))
  expect(waiting).toBeDefined()
  await platform.advance(1_000)
  await waiting
  judgement.close()

  const [hasty] = await afterDdl(0)
  expect(hasty.changeKnown(hasty.judge(READ))).toBeUndefined()
  hasty.close()
})
