import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { meets, type Footprint } from '../../src/catalog/footprint.ts'
import { keyOf } from '../../src/catalog/key-of.ts'
import type { KeyProof } from '../../src/catalog/key.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { FootprintGround } from '../support/footprint-ground.ts'
import { keySchema } from './key-schema.ts'

/** Which keys statements touch in a schema with a table for each condition. Names without a schema are those of `app`. */
let cluster: Cluster
let ground: FootprintGround

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 })
  ground = await FootprintGround.open(cluster.primary.config)
  await ground.client.query(keySchema)
  await ground.look()
})

afterAll(async () => {
  await ground?.client.end()
  await cluster?.stop()
})

interface Run {
  readonly sql: string
  readonly values: readonly string[]
  readonly footprint: Footprint
}

/** Whether a write may change what a read shows, where each of them has proven some keys. */
function meetsByKey(write: Run, read: Run): boolean {
  const { changes } = write.footprint
  const { shows } = read.footprint
  if (changes === 'everything' || shows === 'everything') return true
  return changes.some((changed) =>
    shows.some((shown) => {
      if (!meets([changed], [shown])) return false
      const keys = [
        keyIn(write.footprint.changedKeys, changed, write),
        keyIn(read.footprint.shownKeys, shown, read),
      ]
      return keys.includes(undefined) || keys[0] === keys[1]
    }),
  )
}

function keyIn(proofs: readonly KeyProof[] = [], relation: string, { values }: Run): string | undefined {
  const proof = proofs.find((each) => each.relation === relation)
  return proof && keyOf(proof, values)
}

function spelled(proofs: readonly KeyProof[] = []): string {
  return proofs
    .toSorted((one, other) => (one.relation < other.relation ? -1 : 1))
    .map(({ columns, relation }) => {
      const values = columns.map(({ value }) =>
        'literal' in value ? `'${value.literal}'` : `$${value.parameter}`,
      )
      return `${relation.replace(/^app\./, '')}=${values.join(',')}`
    })
    .join(' ')
}

/** What is expected: relations with their keys, or nothing. */
type Row = readonly [sql: string, keys: string]

const reads: readonly Row[] = [
  ['SELECT * FROM plain WHERE id = $1', 'plain=$1'],
  ['SELECT note FROM app.plain WHERE $1 = id', 'plain=$1'],
  ['SELECT p.note FROM plain p WHERE p.id = $1 AND n > 3 AND (note = $2 OR n = 1)', 'plain=$1'],
  ['SELECT * FROM ONLY plain WHERE n = $1 AND (id = $2 AND note IS NULL)', 'plain=$2'],
  ['SELECT count(*) FROM plain WHERE id = 7', "plain='7'"],
  ["SELECT count(*) FROM plain WHERE id = '7'", "plain='7'"],
  [
    'SELECT note FROM plain WHERE plain.id = $1 GROUP BY note HAVING count(*) > 0 ORDER BY note LIMIT 1',
    'plain=$1',
  ],
  ['SELECT * FROM small WHERE id = $1', 'small=$1'],
  ['SELECT * FROM big WHERE id = $1', 'big=$1'],
  ['SELECT * FROM big WHERE id = 9223372036854775807', "big='9223372036854775807'"],
  ['SELECT * FROM by_uuid WHERE id = $1', 'by_uuid=$1'],
  ['SELECT * FROM by_text WHERE id = $1', 'by_text=$1'],
  ['SELECT * FROM by_varchar WHERE id = $1', 'by_varchar=$1'],
  ["SELECT * FROM by_varchar WHERE id = 'a'", "by_varchar='a'"],
  ['SELECT * FROM composite WHERE b = $1 AND a = $2', 'composite=$2,$1'],
  ["SELECT * FROM composite WHERE b = $1 AND a = 'x'", "composite='x',$1"],
  ['SELECT * FROM forward WHERE b = $1 AND a = $2', 'forward=$2,$1'],
  ['SELECT * FROM moved WHERE id = $1', 'moved=$1'],
  ['SELECT * FROM serials WHERE id = $1', 'serials=$1'],
  ['SELECT * FROM numbered WHERE id = $1', 'numbered=$1'],
  ['SELECT * FROM covering WHERE id = $1', 'covering=$1'],
  ['SELECT * FROM guarded WHERE id = $1', 'guarded=$1'],
  ['SELECT * FROM tree WHERE id = $1', 'tree=$1'],
  ['SELECT * FROM shifted WHERE id = $1', 'shifted=$1'],
  // A name without a schema stands for each of them.
  ['SELECT * FROM tenant WHERE id = $1', 'tenant=$1 other.tenant=$1'],
  ['SELECT * FROM other.tenant WHERE id = $1', 'other.tenant=$1'],
  ['SELECT * FROM app.tenant a, other.tenant b WHERE b.id = $1', 'other.tenant=$1'],
  ['SELECT * FROM tenant a, other.tenant b WHERE b.id = $1', ''],
  // Several relations
  ['SELECT * FROM plain a JOIN big b ON a.n = b.id WHERE a.id = $1', 'plain=$1'],
  ['SELECT * FROM plain a, big b WHERE a.id = $1 AND b.id = $2', 'big=$2 plain=$1'],
  [
    'SELECT * FROM plain a CROSS JOIN LATERAL (SELECT * FROM big b WHERE b.id = a.n) x WHERE a.id = $1',
    'plain=$1',
  ],
  ['SELECT (SELECT max(id) FROM big) FROM plain WHERE id = $1', 'plain=$1'],
  ['SELECT * FROM plain, big WHERE id = $1', ''],
  ['SELECT * FROM plain a, big b WHERE plain.id = $1', ''],
  // Not the whole key, and not in the top-level AND
  ['SELECT * FROM composite WHERE a = $1', ''],
  ['SELECT * FROM plain WHERE n = $1', ''],
  ['SELECT * FROM plain', ''],
  ['SELECT * FROM plain WHERE id = $1 OR n = 1', ''],
  ['SELECT * FROM plain WHERE NOT id = $1', ''],
  ['SELECT * FROM plain WHERE (id = $1) IS NOT TRUE', ''],
  ['SELECT * FROM plain GROUP BY id HAVING id = $1', ''],
  ['SELECT * FROM plain a JOIN big b ON a.id = $1', ''],
  ['SELECT id = $1 FROM plain', ''],
  // Other comparisons
  ['SELECT * FROM plain WHERE id > $1', ''],
  ['SELECT * FROM plain WHERE id IN ($1)', ''],
  ['SELECT * FROM plain WHERE id = ANY ($1)', ''],
  ['SELECT * FROM plain WHERE id IS NOT DISTINCT FROM $1', ''],
  ['SELECT * FROM plain WHERE (id, n) = ($1, $2)', ''],
  ['SELECT * FROM plain WHERE id + 0 = $1', ''],
  ['SELECT * FROM plain WHERE id = $1 + 0', ''],
  ['SELECT * FROM plain WHERE id = n', ''],
  ['SELECT * FROM plain WHERE id OPERATOR(other.=) $1', ''],
  ['SELECT * FROM plain WHERE id = NULL', ''],
  ['SELECT * FROM by_text WHERE id COLLATE "C" = $1', ''],
  ['SELECT * FROM by_text WHERE id = $1 COLLATE nocase', ''],
  ['SELECT * FROM by_text WHERE id = 7', ''],
  // Each parameter once and without a cast
  ['SELECT * FROM plain WHERE id = $1::int', ''],
  ['SELECT * FROM plain WHERE id = CAST($1 AS float8)', ''],
  ['SELECT * FROM plain WHERE id::int8 = $1', ''],
  ['SELECT $1::float8, note FROM big WHERE id = $1', ''],
  ['SELECT * FROM big WHERE id = $1 AND note = $1', ''],
  ['SELECT * FROM big WHERE id = $01 LIMIT $1', ''],
  // Outer joins, and names that are given to columns
  ['SELECT * FROM plain a LEFT JOIN big b ON a.n = b.id WHERE a.id = $1', ''],
  ['SELECT * FROM big b FULL JOIN plain a ON a.n = b.id WHERE a.id = $1', ''],
  ['SELECT * FROM (plain a JOIN big b ON a.n = b.id) x WHERE a.id = $1', ''],
  ['SELECT * FROM plain AS x (n, note, id) WHERE x.id = $1', ''],
  // Types without one canonical form
  ['SELECT * FROM by_nocase WHERE id = $1', ''],
  ['SELECT * FROM by_domain WHERE id = $1', ''],
  ['SELECT * FROM by_length WHERE id = $1', ''],
  ['SELECT * FROM by_char WHERE id = $1', ''],
  ['SELECT * FROM by_name WHERE id = $1', ''],
  ['SELECT * FROM by_numeric WHERE id = $1', ''],
  ['SELECT * FROM by_double WHERE id = $1', ''],
  ['SELECT * FROM partly WHERE a = $1 AND b = $2', ''],
  ['SELECT * FROM generated WHERE id = $1', ''],
  ['SELECT * FROM keyless WHERE id = $1', ''],
  // No ordinary table that stands alone
  ['SELECT * FROM parts WHERE id = $1', ''],
  ['SELECT * FROM parts_1 WHERE id = $1', ''],
  ['SELECT * FROM parent WHERE id = $1', ''],
  ['SELECT * FROM child WHERE id = $1', ''],
  ['SELECT * FROM ONLY parent WHERE id = $1', ''],
  ['SELECT * FROM seen WHERE id = $1', ''],
  ['SELECT * FROM stored WHERE id = $1', ''],
  // Another way to the same table
  ['SELECT * FROM plain a JOIN plain b ON a.n = b.id WHERE a.id = $1', ''],
  ['SELECT * FROM plain a JOIN app.plain b ON a.n = b.id WHERE a.id = $1', ''],
  ['SELECT (SELECT count(*) FROM plain) FROM plain WHERE id = $1', ''],
  ['SELECT * FROM plain WHERE id = $1 AND n IN (SELECT n FROM plain)', ''],
  ['SELECT * FROM plain p JOIN seen s USING (id) WHERE p.id = $1', ''],
  ['SELECT count_plain() FROM plain WHERE id = $1', ''],
  ['SELECT touch_plain() FROM plain WHERE id = $1', ''],
  ['SELECT * FROM counted WHERE id = $1', ''],
  ['SELECT * FROM limited WHERE id = $1', ''],
  ['SELECT * FROM checked WHERE id = $1', 'checked=$1'],
  ['SELECT relname FROM pg_class, plain WHERE plain.id = $1', ''],
  ['WITH x AS (SELECT 1) SELECT * FROM plain WHERE id = $1', ''],
  ['WITH plain AS (SELECT 1 AS id) SELECT * FROM plain WHERE id = $1', ''],
  ['SELECT * FROM plain WHERE id = $1 UNION SELECT * FROM plain', ''],
  ['SELECT * FROM plain WHERE id = $1 FOR UPDATE', ''],
  ['SELECT * FROM plain WHERE id = $1; SELECT 1', ''],
  ['EXPLAIN SELECT * FROM plain WHERE id = $1', ''],
]

const writes: readonly Row[] = [
  ["INSERT INTO plain VALUES ($1, 'a')", 'plain=$1'],
  ["INSERT INTO plain (note, id) VALUES ('a', $1) RETURNING *", 'plain=$1'],
  ['INSERT INTO plain VALUES (7)', "plain='7'"],
  ["INSERT INTO by_text VALUES ('a', $1)", "by_text='a'"],
  ["INSERT INTO moved VALUES ($1, 'a')", 'moved=$1'],
  ['INSERT INTO composite VALUES ($1, $2, $3)', 'composite=$3,$2'],
  ['INSERT INTO serials VALUES ($1)', 'serials=$1'],
  ['INSERT INTO numbered (id) VALUES ($1)', 'numbered=$1'],
  ["UPDATE plain SET note = 'b' WHERE id = $1", 'plain=$1'],
  ['UPDATE plain p SET (note, n) = ($2, $3) WHERE p.id = $1', 'plain=$1'],
  ["UPDATE plain SET note = 'b' FROM big WHERE plain.id = $1 AND big.id = n", 'plain=$1'],
  ['UPDATE plain SET n = (SELECT max(id) FROM big) WHERE id = $1', 'plain=$1'],
  ["UPDATE tenant SET note = 'b' WHERE id = $1", 'tenant=$1 other.tenant=$1'],
  ['DELETE FROM plain WHERE id = $1 AND n = $2', 'plain=$1'],
  ['DELETE FROM plain p USING big b WHERE p.id = $1 AND p.n = b.id', 'plain=$1'],
  ['DELETE FROM guarded WHERE id = $1', 'guarded=$1'],
  // Triggers and foreign keys that do not lead back
  ["INSERT INTO logged VALUES ($1, 'a')", 'logged=$1'],
  ["UPDATE logged SET note = 'b' WHERE id = $1", 'logged=$1'],
  ['DELETE FROM head WHERE id = $1', 'head=$1'],
  ['DELETE FROM tail WHERE id = $1', 'tail=$1'],
  ['INSERT INTO tail VALUES ($1, 1)', 'tail=$1'],
  ['INSERT INTO tree VALUES ($1, 1)', 'tree=$1'],
  ['UPDATE tree SET up = 1 WHERE id = $1', 'tree=$1'],
  ['DELETE FROM tree WHERE id = $1', 'tree=$1'],
  ['INSERT INTO tree_cascade VALUES ($1, 1)', 'tree_cascade=$1'],
  ['DELETE FROM shifted WHERE id = $1', 'shifted=$1'],
  ['DELETE FROM ruled WHERE id = $1', 'ruled=$1'],
  // Triggers, rules and cascades that do
  ['DELETE FROM tree_cascade WHERE id = $1', ''],
  ['DELETE FROM tree_null WHERE id = $1', ''],
  ['DELETE FROM ping WHERE id = $1', ''],
  ['INSERT INTO shifted VALUES ($1)', ''],
  ["UPDATE shifted SET note = 'b' WHERE id = $1", ''],
  ['INSERT INTO touched VALUES ($1)', ''],
  ["UPDATE touched SET note = 'b' WHERE id = $1", ''],
  ['DELETE FROM touched WHERE id = $1', ''],
  ["UPDATE ruled SET note = 'b' WHERE id = $1", ''],
  ['INSERT INTO ruled_away VALUES ($1)', ''],
  // Policies, checks and defaults that do
  ["UPDATE limited SET note = 'b' WHERE id = $1", ''],
  ["UPDATE counted SET note = 'b' WHERE id = $1", ''],
  ['INSERT INTO checked VALUES ($1)', ''],
  ['INSERT INTO computed VALUES ($1)', ''],
  // The row that is written is not the key that was sent.
  ['UPDATE plain SET id = 8 WHERE id = $1', ''],
  ['UPDATE plain SET (note, id) = ($2, $3) WHERE id = $1', ''],
  ['INSERT INTO plain VALUES ($1) ON CONFLICT DO NOTHING', ''],
  ["INSERT INTO plain VALUES ($1) ON CONFLICT (id) DO UPDATE SET note = 'b'", ''],
  ['INSERT INTO numbered (id) OVERRIDING USER VALUE VALUES ($1)', ''],
  ['INSERT INTO numbered (id) OVERRIDING SYSTEM VALUE VALUES ($1)', ''],
  ['INSERT INTO serials (note) VALUES ($1)', ''],
  ['INSERT INTO serials VALUES (DEFAULT, $1)', ''],
  ['INSERT INTO serials DEFAULT VALUES', ''],
  ['INSERT INTO plain VALUES ($1::int)', ''],
  ['INSERT INTO plain VALUES ($1, $1::text)', ''],
  ['INSERT INTO plain VALUES ($1 + 1)', ''],
  ['INSERT INTO plain VALUES ($1), ($2)', ''],
  ['INSERT INTO plain SELECT $1', ''],
  ['INSERT INTO by_text VALUES (7)', ''],
  ['INSERT INTO by_domain VALUES ($1)', ''],
  ['INSERT INTO by_length VALUES ($1)', ''],
  ['INSERT INTO generated (n) VALUES ($1)', ''],
  ['INSERT INTO parts VALUES ($1)', ''],
  ['INSERT INTO child VALUES ($1)', ''],
  ["UPDATE parent SET note = 'b' WHERE id = $1", ''],
  ["UPDATE seen SET note = 'b' WHERE id = $1", ''],
  ["UPDATE plain SET note = 'b'", ''],
  ["UPDATE plain SET note = 'b' FROM big WHERE id = $1", ''],
  ["UPDATE plain SET note = 'b' FROM big x LEFT JOIN log l ON x.id = l.id WHERE plain.id = $1", ''],
  // Another way to the same table
  ["UPDATE plain SET note = 'b' FROM plain p WHERE plain.id = $1 AND p.n = 1", ''],
  ['UPDATE plain SET n = (SELECT max(n) FROM app.plain) WHERE id = $1', ''],
  ['UPDATE plain SET note = (SELECT relname FROM pg_class LIMIT 1) WHERE id = $1', ''],
  ['UPDATE plain SET n = count_plain() WHERE id = $1', ''],
  ['UPDATE plain SET n = touch_plain() WHERE id = $1', ''],
  ['DELETE FROM plain WHERE id = $1 RETURNING touch_plain()', ''],
  ['WITH x AS (DELETE FROM plain) DELETE FROM plain WHERE id = $1', ''],
  ['MERGE INTO plain USING big ON plain.id = $1 WHEN MATCHED THEN DELETE', ''],
  ['TRUNCATE plain', ''],
  ['COPY plain FROM STDIN', ''],
]

describe('which key a read shows', () => {
  test.each(reads)('%s: %s', (sql, keys) => {
    const { changedKeys, shownKeys } = ground.footprint(sql)
    expect([spelled(shownKeys), changedKeys]).toEqual([keys, undefined])
  })
})

describe('which key a write changes', () => {
  test.each(writes)('%s: %s', (sql, keys) => {
    const { changedKeys, shownKeys } = ground.footprint(sql)
    expect([spelled(changedKeys), shownKeys]).toEqual([keys, undefined])
  })
})

describe('what the server does', () => {
  /** Rows with the keys 1, 2 and 7; and 3 is free. */
  const tables =
    'plain small big by_text by_varchar composite moved serials numbered covering tenant other.tenant'
  const others = 'guarded tree tree_cascade head tail shifted logged ruled'

  beforeAll(async () => {
    for (const table of `${tables} ${others}`.split(' ')) {
      const columns = table === 'composite' ? '(a, b)' : '(id)'
      for (const key of [1, 2, 7]) {
        const values = table === 'composite' ? `('${key}', ${key})` : `('${key}')`
        await ground.client.query(
          `SET session_replication_role = replica; INSERT INTO ${table} ${columns} VALUES ${values}`,
        )
      }
    }
    await ground.client.query('RESET session_replication_role')
  })

  /** One execution of a statement for a key: all of its parameters are the key, or its other parameters are 5. */
  function run(sql: string, key: string): Run {
    const footprint = ground.footprint(sql)
    const proofs = [...(footprint.changedKeys ?? []), ...(footprint.shownKeys ?? [])]
    const ofKey = new Set(
      proofs.flatMap(({ columns }) => columns.flatMap(({ value }) => Object.values(value))),
    )
    const parameters = Math.max(0, ...[...sql.matchAll(/\$0*(\d+)/g)].map(([, digits]) => Number(digits)))
    const values = Array.from({ length: parameters }, (_, index) => (ofKey.has(index + 1) ? key : '5'))
    return { sql, values, footprint }
  }

  async function answer({ sql, values }: Run): Promise<string> {
    await ground.client.query('SAVEPOINT one')
    try {
      const { rows } = await ground.client.query<object>(sql, [...values])
      return JSON.stringify(rows)
    } catch (error) {
      await ground.client.query('ROLLBACK TO one')
      return String(error)
    }
  }

  const isOfPlainKey = ([sql, keys]: Row): boolean => keys !== '' && !sql.includes('uuid')
  const provenReads = [
    ...reads.filter(isOfPlainKey).map(([sql]) => sql),
    ...others.split(' ').map((table) => `SELECT * FROM ${table} WHERE id = $1`),
  ]
  const counts = { apart: 0, differing: 0 }

  test.each(writes.filter(isOfPlainKey))(
    '%s meets every read of a key that differs after it',
    async (sql) => {
      for (const key of ['1', '3']) {
        const write = run(sql, key)
        const all = ['1', '2', '3', '7'].flatMap((other) => provenReads.map((read) => run(read, other)))
        const near = all.filter((read) => meets(write.footprint.changes, read.footprint.shows))
        await ground.client.query('BEGIN')
        try {
          const before = []
          for (const read of near) before.push(await answer(read))
          await answer(write)
          for (const [index, read] of near.entries()) {
            const differs = (await answer(read)) !== before[index]
            if (!meetsByKey(write, read)) {
              expect([read.sql, read.values, differs]).toEqual([read.sql, read.values, false])
              counts.apart += 1
            } else if (differs) counts.differing += 1
          }
        } finally {
          await ground.client.query('ROLLBACK')
        }
      }
    },
  )

  test('many do not meet, and many differ', () => {
    expect(counts.apart).toBeGreaterThan(200)
    expect(counts.differing).toBeGreaterThan(30)
  })

  const spellings: Readonly<Record<string, readonly (string | number | bigint)[]>> = {
    small: [
      '7',
      ' 7 ',
      7,
      7n,
      '+7',
      '007',
      '-0',
      0,
      '-7',
      '\t7\n',
      '32767',
      '32768',
      '-32768',
      '-32769',
      '7.0',
      '0x7',
      '0b111',
      '1_0',
      '10',
      '',
      ' ',
      '+ 7',
      '７',
      '7\u00a0',
      '\v7\f',
      '7e0',
      '--7',
    ],
    plain: [
      '7',
      ' 7 ',
      7,
      7n,
      '+7',
      '007',
      '2147483647',
      '2147483648',
      2_147_483_648,
      '-2147483648',
      '-0',
      '0',
      -0,
      'x',
    ],
    big: [
      '7',
      7n,
      '+007',
      '9223372036854775807',
      9_223_372_036_854_775_807n,
      '9223372036854775808',
      '-9223372036854775808',
      '9007199254740993',
      9_007_199_254_740_992,
      '9007199254740992',
      '0'.repeat(30) + '7',
    ],
    by_uuid: [
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0eebc999c0b4ef8bb6d6bb9bd380a11',
      'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11',
      '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12',
      ' a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-',
      'a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11',
      7,
    ],
    by_text: [
      '7',
      7,
      7n,
      '07',
      ' 7',
      '7 ',
      'a',
      'A',
      '',
      "'",
      '\\',
      'e\u0301',
      '\u00e9',
      '\ud800',
      '\ud801',
      '\ufffd',
      'a\0',
      'a\u007f',
    ],
    by_varchar: ['7', 7, '7 ', 'a', 'A', '', '\ud800', '\ud801'],
  }

  test.each(Object.entries(spellings))(
    '%s: two spellings are one key exactly if the server finds them equal',
    async (table, values) => {
      const { shownKeys } = ground.footprint(`SELECT * FROM ${table} WHERE id = $1`)
      const [proof] = shownKeys ?? []
      if (proof === undefined) throw new Error('no key')
      const stored: (readonly [value: unknown, key: string, id: string])[] = []
      for (const value of values) {
        const key = keyOf(proof, [value])
        const id = await storedAs(table, value)
        if (key !== undefined) stored.push([value, key, id])
      }
      expect(stored.length).toBeGreaterThan(5)
      for (const [one, key, id] of stored) {
        for (const [other, otherKey, otherId] of stored) {
          expect([one, other, key === otherKey]).toEqual([one, other, id === otherId])
        }
      }
    },
  )

  /** The key as the server tells it, after it was sent as a parameter. */
  async function storedAs(table: string, value: unknown): Promise<string> {
    await ground.client.query('BEGIN')
    try {
      await ground.client.query(`DELETE FROM ${table}`)
      const { rows } = await ground.client.query<{ id: string }>(
        `INSERT INTO ${table} (id) VALUES ($1) RETURNING id::text`,
        [value],
      )
      return rows[0]?.id ?? ''
    } catch (error) {
      return String(error)
    } finally {
      await ground.client.query('ROLLBACK')
    }
  }
})

describe('operators and casts of users', () => {
  const asked = ['SELECT * FROM plain WHERE id = $1', 'SELECT * FROM by_varchar WHERE id = $1'] as const

  test.each<readonly [what: string, made: string, plain: string, varchar: string]>([
    ['nothing', 'SELECT 1', 'plain=$1', 'by_varchar=$1'],
    [
      'an = for integers',
      'CREATE OPERATOR other.= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt)',
      '',
      '',
    ],
    [
      'an = for varchar',
      'CREATE FUNCTION other.same(varchar, varchar) RETURNS boolean LANGUAGE sql AS $$SELECT true$$; ' +
        'CREATE OPERATOR other.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = other.same)',
      '',
      '',
    ],
    [
      'an = for a type and an integer',
      'CREATE TYPE other.mine AS (x int); CREATE FUNCTION other.same(other.mine, int) RETURNS boolean LANGUAGE sql AS $$SELECT true$$; ' +
        'CREATE OPERATOR other.= (LEFTARG = other.mine, RIGHTARG = int, FUNCTION = other.same)',
      '',
      '',
    ],
    [
      'an = for a type of its own',
      'CREATE TYPE other.mine AS (x int); CREATE FUNCTION other.same(other.mine, other.mine) RETURNS boolean LANGUAGE sql AS $$SELECT true$$; ' +
        'CREATE OPERATOR other.= (LEFTARG = other.mine, RIGHTARG = other.mine, FUNCTION = other.same)',
      'plain=$1',
      'by_varchar=$1',
    ],
    [
      'an implicit cast of varchar',
      'CREATE TYPE other.mine AS (x int); CREATE FUNCTION other.made(varchar) RETURNS other.mine LANGUAGE sql AS $$SELECT ROW(1)::other.mine$$; ' +
        'CREATE CAST (varchar AS other.mine) WITH FUNCTION other.made(varchar) AS IMPLICIT',
      'plain=$1',
      '',
    ],
  ])('%s', async (_, made, plain, varchar) => {
    await ground.client.query('BEGIN')
    try {
      await ground.client.query(made)
      await ground.look()
      expect(asked.map((sql) => spelled(ground.footprint(sql).shownKeys))).toEqual([plain, varchar])
    } finally {
      await ground.client.query('ROLLBACK')
      await ground.look()
    }
  })
})
