import type { Piece } from './program.ts'
import { CHANGEABLE, type World } from './world.ts'

/** A statement and its parameters. */
export interface Keyed {
  readonly sql: string
  readonly values?: readonly unknown[]
}

interface KeyedPrograms {
  readonly writes: readonly Keyed[]
  readonly reads: readonly Keyed[]
}

/** Statements for single keys of some relations, whatever leads to these in other ways. */
export function keyedPrograms(world: World, count: number): KeyedPrograms {
  const { dice } = world
  const relations = dice.some(
    world.relations.filter(({ kind }) => CHANGEABLE.includes(kind)),
    count,
  )
  const writes = relations.flatMap((relation): readonly Keyed[] => {
    const name = world.spell(relation)
    const id = 1 + dice.below(5)
    return dice.some<Keyed>(
      [
        { sql: `UPDATE ${name} SET n = n + $2 WHERE id = $1`, values: [id, 1] },
        { sql: `UPDATE ${name} SET note = 'one' WHERE id = ${id}` },
        { sql: `DELETE FROM ${name} WHERE id = $1`, values: [` ${id} `] },
        { sql: `INSERT INTO ${name} (id, n, note) VALUES ($1, $2, 'one')`, values: [6, 6] },
        { sql: `INSERT INTO ${name} (n, id) VALUES (7, 7)` },
        { sql: `UPDATE ${name} SET id = $2 WHERE id = $1`, values: [id, 7] },
        { sql: `UPDATE ${name} SET n = $1 WHERE id = $1`, values: [String(id)] },
        { sql: `UPDATE ${name} SET n = 0 WHERE id = $1 OR n > 7`, values: [id] },
        { sql: `DELETE FROM ${name} q USING ${name} r WHERE q.id = ${id} AND r.id = 2` },
        { sql: `INSERT INTO ${name} (id, n) VALUES ($1, 3) ON CONFLICT DO NOTHING`, values: [6] },
        { sql: `WITH d AS (DELETE FROM ${name} WHERE id = ${id}) SELECT 1` },
      ],
      3,
    )
  })
  const reads = relations.flatMap((relation): readonly Keyed[] => {
    const name = world.spell(relation)
    return dice.some(
      [1, 2, 3, 4, 5, 6, 7].flatMap((id): readonly Keyed[] => [
        { sql: `SELECT * FROM ${name} WHERE id = $1`, values: [id] },
        { sql: `SELECT n FROM ${name} WHERE id = ${id} AND n > 0` },
        {
          sql: `SELECT count(*) FROM ${name} q JOIN ${world.spell(world.relation())} r ON q.n = r.n WHERE q.id = $1`,
          values: [id],
        },
      ]),
      5,
    )
  })
  return { writes, reads }
}

/** Keys of each type, and how else their values may be spelled. */
const TYPES: readonly (readonly [type: string, values: readonly unknown[]])[] = [
  ['int', [1, '2', ' 3 ', '+4', 5n, '1', '-0', 0]],
  ['bigint', [1, 9_007_199_254_740_991, '9007199254740993', '0000000001', 9_007_199_254_740_993n]],
  ['smallint', [1, '01', 2, '32767']],
  ['text', ['a', 'A', 'a ', '', 'b', "o'b"]],
  ['varchar', ['a', 'a ', 'b']],
  ['varchar(2)', ['a', 'ab', 'ab  ', 'b']],
  ['char(3)', ['a', 'a ', 'b', 'b  ']],
  ['name', ['a', 'x'.repeat(63), 'x'.repeat(70)]],
  ['text COLLATE public.proof_blind', ['a', 'A', 'b', 'B']],
  [
    'uuid',
    [
      '6f1c1a30-0000-4000-8000-000000000001',
      '{6F1C1A3000004000-8000000000000001}',
      '6f1c1a30-0000-4000-8000-000000000002',
    ],
  ],
  ['numeric', [1, '1.0', '1', '2', '1e0']],
  ['float8', [1, '1.0', '1e0', 2]],
  ['date', ['2020-01-01', '20200101', '2020-01-02']],
  ['boolean', ['t', 'true', 'f', 'no']],
  ['public.proof_small', [1, '01', 2]],
  ['oid', [1, '01', 2]],
]

/** A table by keys of any type, and statements that spell these in many ways. */
export function keyedTable(world: World): Piece & { readonly keyed: KeyedPrograms } {
  const { dice } = world
  const [type, values] = dice.pick(TYPES)
  const table = world.qualified('t')
  const isWide = dice.chance(0.25)
  const key = isWide ? 'k, m' : 'k'
  const and = isWide ? ' AND m = 1' : ''
  const write = (value: unknown): readonly Keyed[] => [
    { sql: `INSERT INTO ${table} VALUES ($1, 1, 'new')`, values: [value] },
    { sql: `UPDATE ${table} SET note = note || 'u' WHERE k = $1${and}`, values: [value] },
    { sql: `DELETE FROM ${table} WHERE $1 = k${and}`, values: [value] },
    { sql: `UPDATE ${table} SET note = 'v' WHERE k = '${String(value).replaceAll("'", "''")}'${and}` },
  ]
  const read = (value: unknown): readonly Keyed[] => [
    { sql: `SELECT * FROM ${table} WHERE k = $1${and}`, values: [value] },
    { sql: `SELECT note FROM ${table} q WHERE q.k = '${String(value).replaceAll("'", "''")}'${and}` },
  ]
  const spelled = dice.some(values, 3)
  return {
    feature: 'keyed table',
    ddl: [
      `CREATE TABLE ${table} (k ${type}, m int DEFAULT 1, note text, PRIMARY KEY (${key}))`,
      ...dice
        .some(values, 3)
        .map(
          (value) =>
            `INSERT INTO ${table} VALUES ('${String(value).replaceAll("'", "''")}', 1, 'old') ON CONFLICT DO NOTHING`,
        ),
    ],
    keyed: {
      writes: spelled.flatMap((value) => dice.some(write(value), 1)),
      reads: spelled.flatMap(read),
    },
  }
}
