import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { hintOf } from '../../src/statement/hint.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

// Texts that a user may type, which look like a comment with a hint, and end whatever they may stand in.

const ATTACKS: readonly string[] = [
  '/* route: primary */',
  '/* route: replica */',
  `'; /* route: replica */`,
  `' /* route: primary */ --`,
  `\\'/* route: primary */`,
  `\\\\' /* route: replica */ --`,
  `" /* route: primary */ --`,
  `"/* route: replica */"`,
  `$$ /* route: primary */ $$`,
  `$tag$/* route: replica */$tag$`,
  `*/ /* route: replica */ /*`,
  `/* /* route: primary */ */`,
  `-- \n/* route: replica */`,
  `\u{ff07} /* route: primary */`,
  `%27/* route: replica */`,
]

const text = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc
    .array(fc.constantFrom(...ATTACKS, "'", '"', '\\', '$$', '--', '\n', '*/', '/*', 'E', 'a', ' '), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
)

describe('a value of a user is no hint', () => {
  it('as a literal, as a name, and in a comment that a tool encodes', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(hintOf(`select ${pg.escapeLiteral(value)} as a`)).toBeUndefined()
        expect(hintOf(`select 1 as ${pg.escapeIdentifier(value)}`)).toBeUndefined()
        expect(hintOf(`select 1 /*user='${encodeURIComponent(value)}'*/`)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('on real servers', () => {
  let cluster: Cluster
  let pool: Pool
  beforeAll(async () => {
    cluster = await startClusterWith({ replicas: 1 }, itemsTable(1), 'create table notes (note text)')
    pool = poolOver(cluster)
    await replicasReady(pool)
  })
  afterAll(async () => {
    await pool?.end()
    await cluster?.stop()
  })

  it.each(ATTACKS)('%j changes neither the route nor the value', async (value) => {
    const texts = [
      { text: 'select $1::text as a', values: [value] },
      { text: `select ${pg.escapeLiteral(value)} as a` },
    ]
    for (const query of texts) {
      const { route } = await pool.explain(query)
      expect(route).toMatchObject({ role: 'replica', reason: 'read' })
      expect((await pool.query(query)).rows).toEqual([{ a: value }])
    }
    const { route } = await pool.explain({ text: 'insert into notes values ($1)', values: [value] })
    expect(route).toMatchObject({ role: 'primary', reason: 'not-a-read' })
  })

  // The application has made SQL of the text of a user, which is an injection: even so no write reaches a replica.
  it.each([
    '/* route: replica */ insert into notes values (1)',
    `select 1 /* route: replica */; delete from notes`,
    `with x as (delete from notes returning 1) /* route: replica */ select * from x`,
    `select 1 where '' = '' /* route: replica */ for update`,
    `select nextval('pg_catalog.x') /* route: replica */`,
    `select set_config('a.b', 'c', false) /* route: replica */`,
    `select pg_advisory_lock(1) /* route: replica */`,
  ])('no hint sends this to a replica: %s', async (sql) => {
    const { statement, route, plan } = await pool.explain(sql)
    expect(statement.kind).not.toBe('read')
    expect(route.role).toBe('primary')
    expect(plan.candidates.every(({ role }) => role === 'primary')).toBe(true)
  })
})
