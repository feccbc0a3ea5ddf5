import { beforeAll, describe, expect, test } from 'vitest'
import { meets, type Footprint } from '../../src/catalog/footprint.ts'
import { keyOf } from '../../src/catalog/key-of.ts'
import type { KeyProof } from '../../src/catalog/key.ts'
import { groundForTests } from '../support/footprint-ground.ts'
import { reads, writes, type KeyRow } from './key-rows.ts'
import { keySchema } from './key-schema.ts'

/** Which keys statements touch in a schema with a table for each condition. Names without a schema are those of `app`. */
const ground = groundForTests(keySchema)

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

describe('which key a read shows', () => {
  test.each(reads)('%s: %s', (sql, keys) => {
    const { changedKeys, shownKeys } = ground().footprint(sql)
    expect([spelled(shownKeys), changedKeys]).toEqual([keys, undefined])
  })
})

describe('which key a write changes', () => {
  test.each(writes)('%s: %s', (sql, keys) => {
    const { changedKeys, shownKeys } = ground().footprint(sql)
    expect([spelled(changedKeys), shownKeys]).toEqual([keys, undefined])
  })
})

describe('effects on the server', () => {
  /** Rows with the keys 1, 2 and 7; and 3 is free. */
  const tables =
    'plain small big by_text by_varchar composite moved serials numbered covering tenant other.tenant'
  const others = 'guarded tree tree_cascade head tail shifted logged ruled'

  beforeAll(async () => {
    for (const table of `${tables} ${others}`.split(' ')) {
      const columns = table === 'composite' ? '(a, b)' : '(id)'
      for (const key of [1, 2, 7]) {
        const values = table === 'composite' ? `('${key}', ${key})` : `('${key}')`
        await ground().client.query(
          `SET session_replication_role = replica; INSERT INTO ${table} ${columns} VALUES ${values}`,
        )
      }
    }
    await ground().client.query('RESET session_replication_role')
  })

  /** One execution of a statement for a key: all of its parameters are the key, or its other parameters are 5. */
  function run(sql: string, key: string): Run {
    const footprint = ground().footprint(sql)
    const proofs = [...(footprint.changedKeys ?? []), ...(footprint.shownKeys ?? [])]
    const ofKey = new Set(
      proofs.flatMap(({ columns }) => columns.flatMap(({ value }) => Object.values(value))),
    )
    const parameters = Math.max(0, ...[...sql.matchAll(/\$0*(\d+)/g)].map(([, digits]) => Number(digits)))
    const values = Array.from({ length: parameters }, (_, index) => (ofKey.has(index + 1) ? key : '5'))
    return { sql, values, footprint }
  }

  async function answer({ sql, values }: Run): Promise<string> {
    await ground().client.query('SAVEPOINT one')
    try {
      const { rows } = await ground().client.query<object>(sql, [...values])
      return JSON.stringify(rows)
    } catch (error) {
      await ground().client.query('ROLLBACK TO one')
      return String(error)
    }
  }

  const isOfPlainKey = ([sql, keys]: KeyRow): boolean => keys !== '' && !sql.includes('uuid')
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
        await ground().client.query('BEGIN')
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
          await ground().client.query('ROLLBACK')
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
      const { shownKeys } = ground().footprint(`SELECT * FROM ${table} WHERE id = $1`)
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
    await ground().client.query('BEGIN')
    try {
      await ground().client.query(`DELETE FROM ${table}`)
      const { rows } = await ground().client.query<{ id: string }>(
        `INSERT INTO ${table} (id) VALUES ($1) RETURNING id::text`,
        [value],
      )
      return rows[0]?.id ?? ''
    } catch (error) {
      return String(error)
    } finally {
      await ground().client.query('ROLLBACK')
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
    await ground().client.query('BEGIN')
    try {
      await ground().client.query(made)
      await ground().look()
      expect(asked.map((sql) => spelled(ground().footprint(sql).shownKeys))).toEqual([plain, varchar])
    } finally {
      await ground().client.query('ROLLBACK')
      await ground().look()
    }
  })
})
