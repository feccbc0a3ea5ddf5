import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { parseDeclarations } from '../../src/catalog/declared.ts'
import { loadCatalog, type LoadOptions } from '../../src/catalog/loader.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { provesRead } from '../../src/statement/proves-read.ts'
import { bodiesByName } from './bodies-by-name.ts'
import { bodies, bodiesGroundwork } from './bodies.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { type Pair, startPair } from './pair.ts'
import { named, outcome, queryOver } from './support.ts'

const cases = [...bodies, ...bodiesByName]
const parser = createLibpgQueryParser()
const proving: LoadOptions = { isRead: (body, catalog) => provesRead(parser, body, catalog) }

describe(`functions without a label on PostgreSQL ${SERVER_VERSION}`, () => {
  let pair: Pair
  let catalog: Catalog

  beforeAll(async () => {
    await parser.load()
    pair = await startPair()
    const { cluster, primary } = pair
    await primary.query([bodiesGroundwork, ...cases.map(({ create }) => create)].join(';'))
    catalog = (await loadCatalog(queryOver(primary), 1, proving)).catalog
    await cluster.caughtUp()
  })

  afterAll(() => pair?.end())

  test.each(cases)('$name: $title', async ({ name, verdict, use, standby: expected }) => {
    expect(catalog.functionVerdict(named(name))).toBe(verdict)
    expect(await outcome(pair.standby, use)).toBe(expected)
    if (verdict === 'harmless') expect(expected).toBe('ok')
  })

  test('without a proof none is harmless', async () => {
    const unproven = (await loadCatalog(queryOver(pair.primary), 1)).catalog
    const harmless = cases.filter(({ name }) => unproven.functionVerdict(named(name)) === 'harmless')
    expect(harmless.map(({ name }) => name)).toEqual(['app.halves'])
  })

  test('declarations count inside of a body, and for a name', async () => {
    const declared = parseDeclarations({
      functions: { adds: 'primaryOnly', insists: 'readOnly' },
    })
    const { functionVerdict } = bound(
      (await loadCatalog(queryOver(pair.primary), 1, { ...proving, declared })).catalog,
    )
    expect(
      ['adds', 'adds_twice', 'insists', 'asks_insists'].map((name) => functionVerdict({ name })),
    ).toEqual(['declared-primary-only', 'declared-primary-only', 'harmless', 'harmless'])
  })

  test('when the bodies are too long all together the shortest ones are looked at', async () => {
    const { primary } = pair
    await primary.query('BEGIN')
    try {
      await primary.query(`
        DO $do$ BEGIN FOR i IN 1 .. 140 LOOP
          EXECUTE format('CREATE FUNCTION long_%s() RETURNS int LANGUAGE sql AS %L', i, 'SELECT 1' || repeat(' ', 8000));
        END LOOP; END $do$`)
      const long = (await loadCatalog(queryOver(primary), 1, proving)).catalog
      expect(long.functionVerdict({ name: 'adds' })).toBe('harmless')
      const names = Array.from({ length: 140 }, (_, i) => `long_${i + 1}`)
      const proven = names.filter((name) => long.functionVerdict({ name }) === 'harmless')
      // Of these, 2 ** 20 bytes hold nearly 131, and the short ones take some room.
      expect(proven.length).toBeGreaterThan(120)
      expect(proven.length).toBeLessThan(131)
    } finally {
      await primary.query('ROLLBACK')
    }
  })
})

function bound(catalog: Catalog): Pick<Catalog, 'functionVerdict'> {
  return { functionVerdict: (name) => catalog.functionVerdict(name) }
}
