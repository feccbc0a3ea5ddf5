import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { loadCatalog } from '../../src/catalog/loader.ts'
import { findPostgres, startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { functions, groundwork } from './objects.ts'
import { operatorsAndTypes } from './operators-and-types.ts'
import { relations } from './relations.ts'
import { connected, named, outcome, queryOver, verdictOn } from './support.ts'

const cases = [...functions, ...relations, ...operatorsAndTypes]
const installed = findPostgres(15)
const servers = [
  { server: 'PostgreSQL 18', version: 18, binDir: {} },
  ...(installed === undefined
    ? []
    : [{ server: 'PostgreSQL 15', version: 15, binDir: { binDir: installed } }]),
]

describe.each(servers)('what $server says of its objects', ({ version, binDir }) => {
  const present = cases.filter(({ since = 15 }) => since <= version)
  let cluster: Cluster
  let primary: Client
  let standby: Client
  let catalog: Catalog

  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1, ...binDir })
    primary = await connected(cluster.primary.config)
    await primary.query([groundwork, ...present.map(({ create }) => create)].join(';'))
    catalog = (await loadCatalog(queryOver(primary), 1)).catalog
    await cluster.caughtUp()
    standby = await connected(cluster.replicas[0]?.config ?? {})
  })

  afterAll(async () => {
    await Promise.all([primary?.end(), standby?.end()])
    await cluster?.stop()
  })

  test.each(present)('$object $name: $title', async ({ object, name, verdict, use, standby: expected }) => {
    expect(verdictOn(catalog, object, named(name))).toBe(verdict)
    expect(await outcome(standby, use)).toBe(expected)
    if (verdict === 'harmless' || verdict === 'replicated') expect(expected).toBe('ok')
  })

  test('a role that may do nothing sees the same', async () => {
    await primary.query(`CREATE ROLE nobody LOGIN PASSWORD 'nobody'`)
    const nobody = await connected({ ...cluster.primary.config, user: 'nobody', password: 'nobody' })
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
