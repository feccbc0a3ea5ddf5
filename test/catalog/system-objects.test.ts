import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { decided } from '../../src/catalog/decided.ts'
import { loadCatalog, type CatalogQuery } from '../../src/catalog/loader.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { type Pair, startPair } from './pair.ts'
import { callsOfSystemFunctions, differsByNature } from './sample-calls.ts'
import { queryOver, verdictOn } from './support.ts'

interface Named {
  readonly object: 'function' | 'relation' | 'operator' | 'type'
  readonly schema: string
  readonly name: string
}

// Everything of the system's own that a statement can name.
const systemObjects = `
  SELECT DISTINCT 'function' AS object, pronamespace::regnamespace::text AS schema, proname::text AS name
  FROM pg_proc WHERE oid < 16384 AND NOT proargtypes::oid[] @> ARRAY['internal'::regtype::oid]
    AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  UNION ALL
  SELECT 'relation', relnamespace::regnamespace::text, relname FROM pg_class
  WHERE relkind IN ('r', 'v') AND oid < 16384
  UNION ALL
  SELECT DISTINCT 'operator', oprnamespace::regnamespace::text, oprname::text FROM pg_operator WHERE oid < 16384
  UNION ALL
  SELECT 'type', typnamespace::regnamespace::text, typname FROM pg_type
  WHERE oid < 16384 AND typnamespace <> 'pg_toast'::regnamespace`

describe(`objects of PostgreSQL ${SERVER_VERSION} itself`, () => {
  let pair: Pair
  let query: CatalogQuery
  let loaded: Catalog
  let objects: readonly Named[]

  beforeAll(async () => {
    pair = await startPair()
    query = queryOver(pair.primary)
    loaded = (await loadCatalog(query, 1)).catalog
    objects = (await query(systemObjects)) as readonly Named[]
  })

  afterAll(() => pair?.end())

  test('every volatile function was decided on', async () => {
    const rows = (await query(
      `SELECT DISTINCT proname::text AS name FROM pg_proc
       WHERE provolatile = 'v' AND pronamespace = 'pg_catalog'::regnamespace AND oid < 16384`,
    )) as readonly { readonly name: string }[]
    expect(rows.length).toBeGreaterThan(200)
    expect(rows.map((row) => row.name).filter((name) => decided(name) === undefined)).toEqual([])
  })

  test('built-in decisions match the database', () => {
    expect(objects.length).toBeGreaterThan(3_000)
    const differing = objects.flatMap(({ object, ...name }) => {
      const [builtin, asked] = [builtinCatalog, loaded].map((catalog) => verdictOn(catalog, object, name))
      // What the loaded catalog tells apart, the list that is built in calls node-local.
      const alike = builtin === asked || (builtin === 'node-local' && asked === 'volatile')
      return alike ? [] : [`${object} ${name.schema}.${name.name}: built in ${builtin}, asked ${asked}`]
    })
    expect(differing).toEqual([])
  })

  test('harmless functions answer on a standby as on the primary', async () => {
    const { primary, standby } = pair
    const calls = await callsOfSystemFunctions(query, (name) => builtinCatalog.functionVerdict({ name }))
    expect(calls.length).toBeGreaterThan(2_000)
    const differing: string[] = []
    let answered = 0
    for (const { name, sql } of calls) {
      const [here, there] = await Promise.all([answer(primary, sql), answer(standby, sql)])
      if (!here.startsWith('error')) answered += 1
      if (here !== there && !differsByNature.has(name)) differing.push(`${sql}: ${here}, but ${there}`)
    }
    expect(differing).toEqual([])
    expect(answered).toBeGreaterThan(calls.length / 2)
  })
})

async function answer(client: Client, text: string): Promise<string> {
  try {
    return JSON.stringify((await client.query<unknown[]>({ text, rowMode: 'array' })).rows)
  } catch (error) {
    return `error ${String(error)}`
  }
}
