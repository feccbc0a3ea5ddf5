import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { loadCatalog } from '../../src/catalog/loader.ts'
import { cursors } from './cursors.ts'
import { functions, groundwork } from './objects.ts'
import { operatorsAndTypes } from './operators-and-types.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { type Pair, startPair } from './pair.ts'
import { relations } from './relations.ts'
import { connected, named, outcome, queryOver, verdictOn } from './support.ts'

const cases = [...functions, ...cursors, ...relations, ...operatorsAndTypes]
describe(`verdicts of PostgreSQL ${SERVER_VERSION} on its objects`, () => {
  const present = cases.filter(({ since = 0 }) => since <= SERVER_VERSION)
  let pair: Pair
  let catalog: Catalog

  beforeAll(async () => {
    pair = await startPair()
    const { cluster, primary } = pair
    await primary.query([groundwork, ...present.map(({ create }) => create)].join(';'))
    catalog = (await loadCatalog(queryOver(primary), 1)).catalog
    await cluster.caughtUp()
  })

  afterAll(() => pair?.end())

  test.each(present)('$object $name: $title', async ({ object, name, verdict, use, standby: expected }) => {
    expect(verdictOn(catalog, object, named(name))).toBe(verdict)
    expect(await outcome(pair.standby, use)).toBe(expected)
    if (verdict === 'harmless' || verdict === 'replicated') expect(expected).toBe('ok')
  })

  test('a role that may do nothing sees the same', async () => {
    await pair.primary.query(`CREATE ROLE nobody LOGIN PASSWORD 'nobody'`)
    const nobody = await connected({ ...pair.cluster.primary.config, user: 'nobody', password: 'nobody' })
    try {
      const seen = (await loadCatalog(queryOver(nobody), 1)).catalog
      const differing = present.filter(
        ({ object, name }) =>
          verdictOn(seen, object, named(name)) !== verdictOn(catalog, object, named(name)),
      )
      expect(differing).toEqual([])
    } finally {
      await nobody.end()
    }
  })
})
