import type { Piece } from './program.ts'
import type { Relation, World } from './world.ts'

const rows = (name: string, n: number): string =>
  `INSERT INTO ${name} (id, n, note) SELECT i, i + ${n}, 'r' || i FROM generate_series(1, 5) i`

const COLUMNS = "id int, n int, note text DEFAULT 'd'"

/** An ordinary table, now and then without a key, or unlogged. */
export function plainTable(world: World): Piece {
  const { dice } = world
  const { name, schema } = world.table()
  const hasKey = dice.chance(0.85)
  const { rank } = world.add({ schema, name, kind: 'table', ...(hasKey && { key: 'id' }) })
  const unlogged = dice.chance(0.05) ? 'UNLOGGED ' : ''
  return {
    feature: 'table',
    ddl: [
      `CREATE ${unlogged}TABLE ${schema}.${name} (${COLUMNS}${hasKey ? ', PRIMARY KEY (id)' : ''})`,
      rows(`${schema}.${name}`, rank % 7),
    ],
  }
}

/** A partitioned table, by range, list or hash, with partitions of its own kind below it. */
export function partitions(world: World): Piece {
  const { dice } = world
  const { name, schema } = world.table()
  const top = `${schema}.${name}`
  const key = dice.chance(0.5) ? 'id, n' : undefined
  const part = (): Relation => world.add({ schema: world.schema(), name: world.fresh('p'), kind: 'part' })
  const spelled = (relation: Relation): string => `${relation.schema}.${relation.name}`
  const [first, second] = [part(), part()]
  world.add({ schema, name, kind: 'table', ...(key !== undefined && { key }) })
  const by = dice.pick(['RANGE (n)', 'LIST (n)', 'HASH (n)'])
  const bounds: Readonly<Record<string, readonly [string, string]>> = {
    'RANGE (n)': ['FOR VALUES FROM (MINVALUE) TO (6)', 'FOR VALUES FROM (6) TO (MAXVALUE)'],
    'LIST (n)': ['FOR VALUES IN (1, 2, 3, 4, 5)', 'DEFAULT'],
    'HASH (n)': ['FOR VALUES WITH (MODULUS 2, REMAINDER 0)', 'FOR VALUES WITH (MODULUS 2, REMAINDER 1)'],
  }
  const [low = '', high = ''] = bounds[by] ?? []
  const nested = dice.chance(0.4)
  const trigger = dice.chance(0.5) ? triggerOf(world, spelled(first), first.rank) : []
  const leaf = nested ? [part()] : []
  return {
    feature: 'partitions',
    ddl: [
      `CREATE TABLE ${top} (${COLUMNS}${key === undefined ? '' : `, PRIMARY KEY (${key})`}) PARTITION BY ${by}`,
      `CREATE TABLE ${spelled(first)} PARTITION OF ${top} ${low}`,
      `CREATE TABLE ${spelled(second)} PARTITION OF ${top} ${high}${nested ? ' PARTITION BY LIST (n)' : ''}`,
      ...leaf.map((each) => `CREATE TABLE ${spelled(each)} PARTITION OF ${spelled(second)} DEFAULT`),
      rows(top, 2),
      ...trigger,
    ],
    writes: [
      `UPDATE ${top} SET n = n + 3`,
      `DELETE FROM ${top} WHERE id < 4`,
      `TRUNCATE ${spelled(first)}`,
      `UPDATE ${spelled(second)} SET note = 'x'`,
    ],
    reads: [
      `SELECT * FROM ${spelled(first)}`,
      `SELECT * FROM ${top} WHERE n = 7`,
      `SELECT tableoid::int % 1, * FROM ${top}`,
    ],
  }
}

/** A partitioned table whose key is computed by a function, or compared by one. */
export function computedPartitions(world: World): Piece {
  const { dice } = world
  const { name, schema } = world.table()
  const top = `${schema}.${name}`
  const { call: calls, ddl } = world.immutable(world.rank)
  const call = calls('id')
  const [one, rest] = [world.fresh('p'), world.fresh('p')]
  world.add({ schema, name, kind: 'table' })
  return {
    feature: 'computed partitions',
    ddl: [
      ddl,
      `CREATE TABLE ${top} (${COLUMNS}) PARTITION BY LIST ((${call} % 2))`,
      `CREATE TABLE ${schema}.${one} PARTITION OF ${top} FOR VALUES IN (${dice.pick(['0', '1'])})`,
      `CREATE TABLE ${schema}.${rest} PARTITION OF ${top} DEFAULT`,
      rows(top, 2),
    ],
    writes: [`INSERT INTO ${top} VALUES (8, 8, 'x')`],
    reads: [`SELECT * FROM ${schema}.${one}`, `SELECT * FROM ${top} WHERE (${call} % 2) = 0`],
  }
}

/** Tables that inherit, also from two parents. */
export function inheritance(world: World): Piece {
  const { dice } = world
  const { name, schema } = world.table()
  const parent = `${schema}.${name}`
  const [child, other] = [world.fresh('h'), world.fresh('h')]
  const { rank } = world.add({ schema, name: child, kind: 'part' })
  const trigger = dice.chance(0.5) ? triggerOf(world, `${schema}.${child}`, rank) : []
  if (dice.chance(0.5)) world.add({ schema, name: other, kind: 'part' })
  world.add({ schema, name, kind: 'table' })
  return {
    feature: 'inheritance',
    ddl: [
      `CREATE TABLE ${parent} (${COLUMNS})`,
      `CREATE TABLE ${schema}.${other} (${COLUMNS}, more int)`,
      `CREATE TABLE ${schema}.${child} (extra int) INHERITS (${parent}${dice.chance(0.4) ? `, ${schema}.${other}` : ''})`,
      rows(parent, 1),
      rows(`${schema}.${child}`, 4),
      rows(`${schema}.${other}`, 2),
      ...trigger,
    ],
    writes: [
      `UPDATE ${parent} SET note = 'i'`,
      `DELETE FROM ${parent} WHERE n < 4`,
      `UPDATE ONLY ${parent} SET n = 0`,
      `TRUNCATE ONLY ${parent}`,
    ],
    reads: [`SELECT * FROM ONLY ${parent}`, `SELECT * FROM ${schema}.${child}`],
  }
}

/** A trigger that changes something below a rank. */
function triggerOf(world: World, table: string, rank: number, mostly?: string): readonly string[] {
  const name = world.qualified('g')
  const event = mostly ?? world.dice.pick(['DELETE', 'DELETE', 'UPDATE', 'INSERT OR UPDATE OR DELETE'])
  const scope = world.dice.pick(['ROW', 'ROW', 'STATEMENT'])
  return [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${world.change(rank)}; RETURN COALESCE(NEW, OLD); END $f$`,
    `CREATE TRIGGER ${world.fresh('x')} AFTER ${event} ON ${table} FOR EACH ${scope} EXECUTE FUNCTION ${name}()`,
  ]
}

const ACTIONS = ['CASCADE', 'CASCADE', 'SET NULL', 'SET DEFAULT', 'NO ACTION', 'RESTRICT'] as const

/** A foreign key, to a primary key, a unique column or a generated one. */
export function foreignKey(world: World): Piece {
  const { dice } = world
  const parents = world.relations.filter(({ key, rank }) => key !== undefined && rank > 1)
  const parent = dice.pick(parents)
  const below = world.relations.filter(({ kind, rank }) => kind === 'table' && rank > 0 && rank < parent.rank)
  const child = below.length === 0 || (parent.key === 'id' && dice.chance(0.1)) ? parent : dice.pick(below)
  const [from, to] = [`${child.schema}.${child.name}`, `${parent.schema}.${parent.name}`]
  const [up, code] = [world.fresh('up'), world.fresh('code')]
  const fallback = dice.pick(['', ' DEFAULT 1', ` DEFAULT ${world.call(child.rank, '1')}`])
  const isDeferred = dice.chance(0.3) ? ' DEFERRABLE INITIALLY DEFERRED' : ''
  const onDelete = dice.pick(ACTIONS)
  const onUpdate = dice.pick(ACTIONS)
  const ends = `ON DELETE ${onDelete} ON UPDATE ${onUpdate}${isDeferred}`
  const uses = {
    writes: [
      `DELETE FROM ${to} WHERE id = 2`,
      `DELETE FROM ${to} WHERE id > 3`,
      `UPDATE ${to} SET id = id + 50 WHERE id = 2`,
      `UPDATE ${to} SET note = 'k'`,
      `TRUNCATE ${to} CASCADE`,
      `DELETE FROM ${from}`,
      `UPDATE ${from} SET ${up} = 5 WHERE id = 1`,
      `INSERT INTO ${from} (id, n, note, ${up}) VALUES (40, 1, 'k', 5) RETURNING *`,
    ],
    reads: [`SELECT id, ${up} FROM ${from}`, `SELECT count(*) FROM ${to} WHERE id = 2`],
  }
  if (parent.key !== 'id') {
    return {
      feature: 'foreign key',
      ddl: [
        `ALTER TABLE ${from} ADD ${up} int, ADD ${up}n int`,
        `UPDATE ${from} SET (${up}, ${up}n) = (SELECT id, n FROM ${to} WHERE id = 2)`,
        `ALTER TABLE ${from} ADD FOREIGN KEY (${up}, ${up}n) REFERENCES ${to} (id, n) ${ends}`,
      ],
      ...uses,
    }
  }
  // What happens to rows that a foreign key deletes or changes.
  const followed = dice.chance(0.6)
    ? triggerOf(world, from, child.rank, onDelete === 'CASCADE' ? 'DELETE' : 'UPDATE')
    : []
  const way = dice.below(4)
  if (way === 0) {
    const generated = dice.chance(0.4)
    return {
      feature: 'foreign key to unique',
      ddl: [
        `ALTER TABLE ${to} ADD ${code} int ${generated ? 'GENERATED ALWAYS AS (n * 100 + id) STORED UNIQUE' : 'UNIQUE'}`,
        ...(generated ? [] : [`UPDATE ${to} SET ${code} = id`]),
        `ALTER TABLE ${from} ADD ${up} int${fallback}`,
        `UPDATE ${from} SET ${up} = (SELECT ${code} FROM ${to} WHERE id = 2)`,
        `ALTER TABLE ${from} ADD FOREIGN KEY (${up}) REFERENCES ${to} (${code}) ${ends}`,
        ...followed,
      ],
      writes: [
        ...uses.writes,
        `UPDATE ${to} SET n = n + 1`,
        ...(generated ? [] : [`UPDATE ${to} SET ${code} = ${code} + 10`]),
      ],
      reads: uses.reads,
    }
  }
  return {
    feature: child === parent ? 'foreign key to itself' : 'foreign key',
    ddl: [
      `ALTER TABLE ${from} ADD ${up} int${fallback}`,
      `UPDATE ${from} SET ${up} = 2`,
      `ALTER TABLE ${from} ADD FOREIGN KEY (${up}) REFERENCES ${to} ${
        way === 1 ? `ON DELETE SET NULL (${up}) ON UPDATE ${onUpdate}` : ends
      }`,
      ...followed,
    ],
    ...uses,
  }
}
