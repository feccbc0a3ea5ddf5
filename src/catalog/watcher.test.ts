import { describe, expect, test } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { parseDeclarations } from './declared.ts'
import { CatalogWatcher, type ReportedEvent, type WatcherOptions } from './watcher.ts'

/** A database of which a test says what it is, and that counts what it was asked. */
class FakeDatabase {
  functions: Readonly<Record<string, string>> = { total: 'harmless' }
  counters = '1'
  digest = 'a'
  countsChanges = true
  loads = 0
  checks = 0
  /** How often only the counters were requested. */
  looks = 0
  /** Set to make the next questions fail, or wait for ever. */
  trouble: Error | 'silence' | undefined

  readonly query = (sql: string): Promise<readonly unknown[]> => {
    const isLoad = sql.includes('WITH RECURSIVE')
    const isLook = !isLoad && !sql.includes('digest')
    if (isLoad) this.loads += 1
    else if (isLook) this.looks += 1
    else this.checks += 1
    if (this.trouble === 'silence') return new Promise(() => {})
    if (this.trouble !== undefined) return Promise.reject(this.trouble)
    const { counters, digest } = this
    if (isLook) return Promise.resolve([{ counters: this.countsChanges ? counters : null }])
    if (!isLoad) {
      const known = /counters <> {2}E'(.*?)'/.exec(sql)?.[1]
      const looks = known === undefined || known !== counters || !this.countsChanges
      return Promise.resolve([{ counters, digest: looks ? digest : null }])
    }
    const rows = Object.entries(this.functions).map(([name, verdict]) => ({
      object: 'function',
      schema: 'public',
      verdict,
      names: JSON.stringify([name]),
    }))
    return Promise.resolve([
      ...rows,
      { object: 'signal', schema: null, verdict: counters, names: JSON.stringify([digest]) },
      { object: 'setting', schema: null, verdict: 'on', names: '[]' },
    ])
  }

  /** Another process migrates. */
  becomes(functions: Readonly<Record<string, string>>): void {
    this.functions = functions
    this.counters = String(Number(this.counters) + 3)
    this.digest += 'b'
  }
}

function watch(options: Partial<WatcherOptions> = {}): {
  readonly database: FakeDatabase
  readonly platform: FakePlatform
  readonly events: ReportedEvent[]
  readonly watcher: CatalogWatcher
  readonly total: () => string
} {
  const database = new FakeDatabase()
  const platform = new FakePlatform()
  const events: ReportedEvent[] = []
  const watcher = new CatalogWatcher({
    query: database.query,
    platform,
    onEvent: (event) => {
      if (event.type !== 'schema-changed') events.push(event)
    },
    ...options,
  })
  const total = (): string => watcher.current.functionVerdict({ name: 'total' })
  return { database, platform, events, watcher, total }
}

describe('loading', () => {
  test('until the first load only the system’s own objects are known', async () => {
    const { watcher, total, events } = watch()
    expect(watcher.current).toMatchObject({ source: 'builtin', version: 0 })
    watcher.start(0)
    expect(total()).toBe('pending')
    await watcher.settled()
    expect(total()).toBe('harmless')
    expect(watcher.current).toMatchObject({ source: 'loaded', version: 1, standardConformingStrings: true })
    expect(events).toEqual([
      { type: 'catalog-loaded', version: 1, functions: 1, relations: 0, durationMs: expect.any(Number) },
    ])
  })

  test('a failure is reported, and tried again later and later, with chance in it', async () => {
    const { watcher, total, database, platform, events } = watch()
    const error = new Error('no route to host')
    database.trouble = error
    platform.scriptRandom(0, 1, 0.5)
    watcher.start(0)
    await watcher.settled()
    expect(total()).toBe('pending')
    await platform.advance(500)
    await platform.advance(2_000)
    expect(events).toEqual([
      { type: 'catalog-failed', error, retryInMs: 500, isLoaded: false },
      { type: 'catalog-failed', error, retryInMs: 2_000, isLoaded: false },
      { type: 'catalog-failed', error, retryInMs: 3_000, isLoaded: false },
    ])
    await platform.advance(3_600_000)
    expect(events.at(-1)).toMatchObject({ retryInMs: 30_000 })
    database.trouble = undefined
    await platform.advance(60_000)
    expect(total()).toBe('harmless')
    database.trouble = error
    watcher.ddlPassed()
    await watcher.settled()
    expect(events.at(-1)).toMatchObject({ retryInMs: 500 })
  })

  test('an answer that does not come is a failure', async () => {
    const { watcher, database, platform, events } = watch({ timeoutMs: 4_000 })
    database.trouble = 'silence'
    watcher.start(0)
    await platform.advance(3_999)
    expect(events).toEqual([])
    await platform.advance(1)
    expect(events).toMatchObject([
      { type: 'catalog-failed', error: { code: 'SWITCHYARD_NO_PRIMARY', retryable: true } },
    ])
    database.trouble = undefined
    await platform.advance(1_000)
    expect(watcher.current.source).toBe('loaded')
  })

  test('declarations hold before and after', async () => {
    const declared = parseDeclarations({ functions: { total: 'primaryOnly' } })
    const { watcher, total } = watch({ declared })
    expect(total()).toBe('declared-primary-only')
    watcher.start(0)
    await watcher.settled()
    expect(total()).toBe('declared-primary-only')
  })
})

describe('changes made by others', () => {
  test('are found at the next look, and not before', async () => {
    const { watcher, total, database, platform, events } = watch({ checkEveryMs: 5_000 })
    platform.scriptRandom(0.5, 0.5)
    watcher.start(0)
    await watcher.settled()
    database.becomes({ total: 'volatile' })
    await platform.advance(4_999)
    expect([total(), database.looks]).toEqual(['harmless', 0])
    await platform.advance(1)
    await watcher.settled()
    expect([total(), database.checks, database.loads]).toEqual(['volatile', 1, 2])
    expect(events.at(-1)).toMatchObject({ type: 'catalog-loaded', version: 2 })
  })

  test('nothing is loaded while nothing changes, whatever else was counted', async () => {
    const { watcher, database, platform, events } = watch()
    watcher.start(0)
    await platform.advance(60_000)
    database.counters = '77'
    await platform.advance(60_000)
    expect(database.looks).toBeGreaterThanOrEqual(100)
    expect(database.checks).toBeLessThan(5)
    expect([database.loads, events.length, watcher.current.version]).toEqual([1, 1, 1])
  })

  test('are found within a minute and a bit although the server has not counted them', async () => {
    const { watcher, total, database, platform } = watch()
    watcher.start(0)
    await watcher.settled()
    database.becomes({ total: 'volatile' })
    database.counters = '1'
    await platform.advance(59_000)
    expect(total()).toBe('harmless')
    await platform.advance(12_000)
    expect(total()).toBe('volatile')
  })

  test('are found on a server that counts nothing', async () => {
    const { watcher, total, database, platform } = watch()
    watcher.start(0)
    await watcher.settled()
    database.countsChanges = false
    database.becomes({ total: 'volatile' })
    database.counters = '1'
    await platform.advance(11_000)
    expect(total()).toBe('volatile')
  })

  test('that take long to compare are compared less often', async () => {
    const slow: WatcherOptions['query'] = async (sql) => {
      if (sql.includes('digest')) await platform.advance(100)
      return database.query(sql)
    }
    const { database, platform, watcher } = watch({ query: (sql) => slow(sql) })
    watcher.start(0)
    await watcher.settled()
    const before = database.checks
    for (let s = 0; s < 30; s += 1) {
      database.counters += '1'
      await platform.advance(1_000)
    }
    expect(database.checks - before).toBeGreaterThan(4)
    expect(database.checks - before).toBeLessThan(8)
  })

  test('a look that fails leaves in force what was known', async () => {
    const { watcher, total, database, platform, events } = watch()
    watcher.start(0)
    await watcher.settled()
    database.trouble = new Error('terminating connection')
    await platform.advance(11_000)
    expect(events.at(-1)?.type).toBe('catalog-failed')
    expect(total()).toBe('harmless')
  })
})

test('another schema is announced before it is used, with the time before which it was read', async () => {
  const told: (readonly [version: number, loadedAtMs: number])[] = []
  const { database, platform, watcher } = watch({
    onEvent: (event) => {
      if (event.type === 'schema-changed') told.push([watcher.current.version, event.loadedAtMs])
    },
  })
  watcher.start(0)
  await watcher.settled()
  expect(told).toEqual([[0, platform.now()]])
  database.counters = '7'
  await platform.advance(10_000)
  expect(told.length).toBe(1)
  database.becomes({ total: 'volatile' })
  await platform.advance(1_100)
  expect(told).toEqual([told[0], [1, watcher.known?.loadedAtMs]])
  expect(watcher.known?.loadedAtMs).toBeGreaterThan(platform.now() - 1_000)
})

describe('changes made through this process', () => {
  test('nothing is believed until the database was asked', async () => {
    const { watcher, total, database } = watch()
    watcher.start(0)
    await watcher.settled()
    database.becomes({ total: 'volatile' })
    watcher.ddlPassed()
    expect(total()).toBe('pending')
    await watcher.settled()
    expect(total()).toBe('volatile')
  })

  test('a change that the server has not counted yet is found', async () => {
    const { watcher, total, database } = watch()
    watcher.start(0)
    await watcher.settled()
    database.becomes({ total: 'volatile' })
    database.counters = '1'
    watcher.ddlPassed()
    await watcher.settled()
    expect(total()).toBe('volatile')
  })

  test('a change that does not matter costs no load', async () => {
    const { watcher, total, database } = watch()
    watcher.start(0)
    await watcher.settled()
    watcher.ddlPassed()
    await watcher.settled()
    expect([total(), watcher.current.version, database.loads]).toEqual(['harmless', 1, 1])
  })

  test('a change during a load makes it ask once more', async () => {
    const { watcher, total, database } = watch()
    watcher.start(0)
    database.becomes({ total: 'volatile' })
    database.counters = '1'
    watcher.ddlPassed()
    watcher.ddlPassed()
    await settle()
    await watcher.settled()
    expect(total()).toBe('volatile')
    expect([database.loads, database.checks]).toEqual([2, 1])
  })

  test('a doubt takes the schema away until the database was asked, at most every two seconds', async () => {
    const { watcher, database, platform } = watch()
    watcher.start(0)
    await watcher.settled()
    const before = watcher.schema
    await platform.advance(1)
    watcher.doubt()
    expect(watcher.schema).toBeUndefined()
    await watcher.settled()
    expect(watcher.schema).toBe(before)
    watcher.doubt()
    expect(watcher.schema).toBe(before)
    await platform.advance(2_000)
    database.becomes({ total: 'volatile' })
    watcher.doubt()
    expect(watcher.schema).toBeUndefined()
    await settle()
    await watcher.settled()
    expect(watcher.schema).toBeDefined()
    expect(watcher.schema).not.toBe(before)
  })

  test('a failure leaves it in doubt', async () => {
    const { watcher, total, database, platform } = watch()
    watcher.start(0)
    await watcher.settled()
    database.trouble = new Error('connection refused')
    watcher.ddlPassed()
    await watcher.settled()
    expect(total()).toBe('pending')
    database.trouble = undefined
    await platform.advance(1_000)
    expect(total()).toBe('harmless')
  })
})

describe('a pause', () => {
  test('ends all timers, and nothing is asked or reported any more', async () => {
    const { watcher, database, platform, events } = watch()
    watcher.start(0)
    await watcher.settled()
    watcher.pause()
    watcher.ddlPassed()
    expect(platform.pendingTimers).toBe(0)
    await platform.advance(600_000)
    expect([database.loads, database.checks, events.length]).toEqual([1, 0, 1])
  })

  test('during a load: its end is not reported', async () => {
    const { watcher, database, platform, events } = watch()
    database.trouble = new Error('shutting down')
    watcher.start(0)
    watcher.pause()
    await watcher.settled()
    expect([events.length, platform.pendingTimers]).toEqual([0, 0])
  })
})

describe('a watcher that goes on from another', () => {
  test('knows what that knew', async () => {
    const former = watch()
    former.watcher.start(0)
    await former.watcher.settled()
    expect(watch({ former: former.watcher }).total()).toBe('harmless')
  })

  test('does not know what was changed through this process and not read since', async () => {
    const former = watch()
    former.watcher.start(0)
    await former.watcher.settled()
    former.database.trouble = 'silence'
    former.watcher.ddlPassed()
    const { watcher, total } = watch({ former: former.watcher })
    expect([total(), watcher.schema]).toEqual(['pending', undefined])
  })
})
