import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { loadCatalog, type LoadOptions } from '../../src/catalog/loader.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { provesRead } from '../../src/statement/proves-read.ts'
import { checkedGroundwork, plpgsqlBodies, plpgsqlGroundwork, silentCasts } from './plpgsql-bodies.ts'
import { slots } from './plpgsql-slots.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { type Pair, startPair } from './pair.ts'
import { connected, outcome, queryOver } from './support.ts'

const parser = createLibpgQueryParser()
const proving: LoadOptions = { isRead: (body, catalog) => provesRead(parser, body, catalog) }

const slotted = slots.flatMap((slot, i) =>
  [false, true].map((sly) => ({ ...slot, name: `slot_${i}_${sly ? 'sly' : 'calm'}`, sly })),
)

describe(`functions in PL/pgSQL on PostgreSQL ${SERVER_VERSION}`, () => {
  let pair: Pair
  let catalog: Catalog

  beforeAll(async () => {
    await parser.load()
    pair = await startPair()
    const { cluster, primary } = pair
    const creations = slotted.map(({ name, sly, body, returns = 'int' }) => {
      const text = body.replaceAll('@', sly ? 'sly(1)' : 'calm(1)')
      return `CREATE FUNCTION ${name}(a int) RETURNS ${returns} LANGUAGE plpgsql AS $slot$ ${text} $slot$`
    })
    await primary.query(plpgsqlGroundwork)
    // Polymorphic functions are unproven once there is a column of a type that checks.
    const isPolymorphic = ({ name }: { readonly name: string }): boolean => name === 'poly'
    await primary.query(
      plpgsqlBodies
        .filter(isPolymorphic)
        .map(({ create }) => create)
        .join(';'),
    )
    await primary.query('CREATE DATABASE casts TEMPLATE postgres')
    const before = await loadCatalog(queryOver(primary), 1, proving)
    const others = plpgsqlBodies.filter((each) => !isPolymorphic(each)).map(({ create }) => create)
    await primary.query([checkedGroundwork, ...others, ...creations].join(';'))
    const after = (await loadCatalog(queryOver(primary), 2, proving)).catalog
    catalog = {
      ...after,
      functionVerdict: (name) => (isPolymorphic(name) ? before.catalog : after).functionVerdict(name),
    }
    await cluster.caughtUp()
  })

  afterAll(() => pair?.end())

  test.each(plpgsqlBodies)('$name: $title', async ({ name, proven, use, standby: expected }) => {
    const { primary, standby } = pair
    const verdict = catalog.functionVerdict({ name: name.replaceAll('"', '') })
    expect(verdict === 'harmless').toBe(proven)
    expect(await outcome(standby, use)).toBe(expected)
    if (proven) expect(await answer(standby, use)).toEqual(await answer(primary, use))
  })

  test.each(slotted)('$name: $title', async ({ name, sly }) => {
    const { primary, standby } = pair
    expect(catalog.functionVerdict({ name })).toBe(sly ? 'volatile' : 'harmless')
    const use = `SELECT * FROM ${name}(1)`
    expect(await outcome(standby, use)).toBe(sly ? '25006' : 'ok')
    expect(await outcome(primary, use)).toBe('ok')
    if (!sly) expect(await answer(standby, use)).toEqual(await answer(primary, use))
  })

  test.each(silentCasts)('with $title', async ({ create, keeps }) => {
    const own = await connected({ ...pair.cluster.primary.config, database: 'casts' })
    try {
      await own.query('BEGIN')
      await own.query(create)
      const changed = (await loadCatalog(queryOver(own), 1, proving)).catalog
      const names = ['calm', 'poly'].filter((name) => changed.functionVerdict({ name }) === 'harmless')
      expect(names).toEqual(keeps)
    } finally {
      await own.query('ROLLBACK')
      await own.end()
    }
  })
})

async function answer(client: Client, text: string): Promise<readonly unknown[]> {
  return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows
}
