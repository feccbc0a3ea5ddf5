import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** A domain with a check that reads, alone or inside of other types. */
export function domain(world: World): Piece {
  const { dice, rank } = world
  const name = world.qualified('d')
  const outer = world.qualified('d')
  const table = world.ordinaryTable()
  const spelled = `${table.schema}.${table.name}`
  const column = world.fresh('k')
  const check = world.condition(rank, 'VALUE')
  const [feature, ddl, value, read] = dice.pick<readonly [string, readonly string[], string, string]>([
    ['domain', [], '4', `SELECT 5::${name}`],
    [
      'domain',
      [`CREATE DOMAIN ${outer} AS ${name} CHECK (VALUE < 1000)`],
      '4',
      `SELECT CAST('6' AS ${outer})`,
    ],
    ['array of domain', [], `'{4}'`, `SELECT '{1,2}'::${name}[]`],
    [
      'composite of domain',
      [`CREATE TYPE ${outer} AS (p ${name}, q int)`],
      'ROW(4, 4)',
      `SELECT ROW(5, 1)::${outer}`,
    ],
    [
      'function with domain',
      [
        `CREATE FUNCTION ${outer}(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ DECLARE v ${name} := x; BEGIN RETURN v; END $f$`,
      ],
      '4',
      `SELECT ${outer}(7)`,
    ],
    [
      'function with domain',
      [
        `CREATE FUNCTION ${outer}(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ DECLARE v ${name}; BEGIN v := x; RETURN v; END $f$`,
      ],
      '4',
      `SELECT ${outer}(7)`,
    ],
    [
      'function with domain',
      [`CREATE FUNCTION ${outer}(x ${name}) RETURNS int LANGUAGE sql IMMUTABLE AS $f$ SELECT 1 + x $f$`],
      '4',
      `SELECT ${outer}(7)`,
    ],
    [
      'function with domain',
      [`CREATE FUNCTION ${outer}(x int) RETURNS ${name} LANGUAGE sql IMMUTABLE AS $f$ SELECT 1 + x $f$`],
      '4',
      `SELECT ${outer}(7)`,
    ],
    ['domain by name', [], '4', `SELECT array_in('{5}', '${name}'::regtype, -1)`],
    ['domain by name', [], '4', `SELECT domain_in('5', '${name}'::regtype, -1) IS NULL`],
    ['domain by name', [], '4', `SELECT pg_input_is_valid('5', '${name}')`],
    [
      'domain by name',
      [],
      '4',
      `SELECT * FROM jsonb_populate_record(NULL::${spelled}, '{"id": 1, "${column}": 5}')`,
    ],
    ['domain by name', [], '4', `SELECT * FROM jsonb_to_record('{"v": 5}') AS q (v ${name})`],
    ['domain by name', [], '4', `SELECT * FROM JSON_TABLE('[5]', '$[*]' COLUMNS (v ${name} PATH '$'))`],
    ['domain by name', [], '4', `SELECT JSON_VALUE('[5]', '$[0]' RETURNING ${name} ERROR ON ERROR)`],
    ['domain by name', [], '4', `SELECT * FROM XMLTABLE('/a' PASSING '<a>5</a>' COLUMNS v ${name} PATH '.')`],
  ])
  const type =
    feature === 'domain' || feature === 'domain by name'
      ? name
      : feature === 'array of domain'
        ? `${name}[]`
        : feature === 'composite of domain'
          ? outer
          : 'int'
  return {
    feature,
    ddl: [
      `CREATE DOMAIN ${name} AS int CHECK (${check})`,
      ...ddl,
      `ALTER TABLE ${spelled} ADD ${column} ${type}`,
      `ALTER TABLE ${spelled} ALTER ${column} SET DEFAULT ${value}`,
    ],
    writes: [
      `INSERT INTO ${spelled} (id, n, note) VALUES (120, 1, 'd') RETURNING id`,
      `UPDATE ${spelled} SET ${column} = ${value}`,
    ],
    reads: [read, `SELECT ${column} FROM ${spelled}`],
  }
}

/** An operator whose function reads; also one by a name that PostgreSQL uses by itself. */
export function operator(world: World): Piece {
  const { dice, rank } = world
  const name = world.qualified('o')
  const schema = name.split('.')[0] ?? ''
  const table = world.spell(world.relation())
  const value = world.integer(rank, 'length($1) + $2')
  const sign = dice.pick(['=', '<', '~~', '@+@', '='])
  const comparison = `CREATE FUNCTION ${name}(text, int) RETURNS boolean LANGUAGE sql ${dice.pick(['IMMUTABLE', 'STABLE'])} AS $f$ SELECT ${value} % 2 = 0 $f$`
  const create = `CREATE OPERATOR ${schema}.${sign} (LEFTARG = text, RIGHTARG = int, FUNCTION = ${name})`
  const reads: Readonly<Record<string, readonly string[]>> = {
    '=': [
      `SELECT id FROM ${table} WHERE note IN (1, 2, 3)`,
      `SELECT CASE note WHEN 1 THEN 'a' ELSE 'b' END FROM ${table}`,
      `SELECT NULLIF(note, 1) FROM ${table}`,
      `SELECT note IS DISTINCT FROM 1 FROM ${table}`,
      `SELECT count(*) FROM (SELECT note AS k FROM ${table}) q JOIN (SELECT n AS k FROM ${table}) r USING (k)`,
      `SELECT count(*) FROM (SELECT note AS k FROM ${table}) q NATURAL JOIN (SELECT n AS k FROM ${table}) r`,
      `SELECT note = ANY (ARRAY[1, 2]) FROM ${table}`,
      `SELECT note IN (SELECT id FROM ${table}) FROM ${table}`,
      `SELECT (note, 1) = (2, 1) FROM ${table}`,
      `SELECT note OPERATOR(${schema}.=) 4 FROM ${table}`,
    ],
    '<': [
      `SELECT note < 4 FROM ${table}`,
      `SELECT note BETWEEN SYMMETRIC 'a' AND 'z', note < ANY ('{1,2}'::int[]) FROM ${table}`,
    ],
    '~~': [`SELECT note LIKE 3 FROM ${table}`, `SELECT note ~~ ALL (ARRAY[1, 2]) FROM ${table}`],
    '@+@': [`SELECT note OPERATOR(${schema}.@+@) id FROM ${table}`, `SELECT note @+@ 3 FROM ${table}`],
  }
  if (sign === '@+@' || sign === '=') {
    world.readers.push({ call: (x) => `(2 + ('abc' OPERATOR(${schema}.${sign}) ${x})::int)`, rank: rank - 1 })
  }
  return { feature: `operator ${sign}`, ddl: [comparison, create], reads: dice.some(reads[sign] ?? [], 4) }
}

/** A composite type whose cast, comparison or class of operators reads. */
export function composite(world: World): Piece {
  const { dice, rank } = world
  const type = world.qualified('c')
  const called = world.qualified('f')
  const schema = called.split('.')[0] ?? ''
  const table = world.ordinaryTable()
  const spelled = `${table.schema}.${table.name}`
  const column = world.fresh('k')
  const sum = world.integer(rank, '($1).p + ($1).q')
  const start = [
    `CREATE TYPE ${type} AS (p int, q int)`,
    `ALTER TABLE ${spelled} ADD ${column} ${type}`,
    `UPDATE ${spelled} SET ${column} = ROW(id, 1)`,
  ]
  const writes = [
    `INSERT INTO ${spelled} (id, n, note, ${column}) VALUES (130, 1, 'k', ROW(1, 2)) RETURNING id`,
  ]
  if (dice.chance(0.5)) {
    const how = dice.pick(['', ' AS ASSIGNMENT', ' AS IMPLICIT'])
    world.readers.push({ call: (x) => `(ROW(${x}, 1)::${type}::int)`, rank: rank - 1 })
    return {
      feature: `cast${how}`,
      ddl: [
        ...start,
        `CREATE FUNCTION ${called}(${type}) RETURNS int LANGUAGE sql ${dice.pick(['IMMUTABLE', 'STABLE'])} AS $f$ SELECT ${sum} $f$`,
        `CREATE CAST (${type} AS int) WITH FUNCTION ${called}(${type})${how}`,
      ],
      writes: [
        ...writes,
        `UPDATE ${spelled} SET n = ${column} WHERE id < 3`,
        `INSERT INTO ${spelled} (id, n, note) SELECT id + 300, ${column}, 'k' FROM ${spelled}`,
      ],
      reads: [
        `SELECT ${column}::int FROM ${spelled}`,
        `SELECT ${column} + 1 FROM ${spelled}`,
        `SELECT int4(${column}) FROM ${spelled}`,
        `SELECT abs(${column}) FROM ${spelled}`,
      ],
    }
  }
  const pair = `(a ${type}, b ${type})`
  const less = `(a).p ${dice.pick(['+', '-'])} (b).p * (SELECT 1 - 2 * (count(*)::int % 2) FROM ${world.spell(world.relation())})`
  const compare = (sign: string): string =>
    `CREATE FUNCTION ${called}_${NAMES[sign]}${pair} RETURNS boolean LANGUAGE sql IMMUTABLE AS $f$ SELECT ${called}(a, b) ${sign} 0 $f$`
  return {
    feature: 'operator class',
    ddl: [
      ...start,
      `CREATE FUNCTION ${called}${pair} RETURNS int LANGUAGE sql IMMUTABLE AS $f$ SELECT ${less} $f$`,
      ...Object.keys(NAMES).map(compare),
      ...Object.entries(NAMES).map(
        ([sign, suffix]) =>
          `CREATE OPERATOR ${schema}.${sign} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = ${called}_${suffix})`,
      ),
      `CREATE OPERATOR CLASS ${called}_ops DEFAULT FOR TYPE ${type} USING btree AS OPERATOR 1 ${schema}.<, OPERATOR 2 ${schema}.<=,
       OPERATOR 3 ${schema}.=, OPERATOR 4 ${schema}.>=, OPERATOR 5 ${schema}.>, FUNCTION 1 ${called}(${type}, ${type})`,
    ],
    writes,
    reads: [
      `SELECT id FROM ${spelled} ORDER BY ${column}, id LIMIT 2`,
      `SELECT count(*) FROM ${spelled} GROUP BY ${column}`,
      `SELECT count(DISTINCT ${column}) FROM ${spelled}`,
      `SELECT ${column} = ROW(2, 1)::${type} FROM ${spelled}`,
      `SELECT id FROM ${spelled} q WHERE ${column} IN (SELECT ${column} FROM ${spelled} WHERE id > 2)`,
    ],
  }
}

const NAMES: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'le', '=': 'eq', '>=': 'ge', '>': 'gt' }

/** An index or a partitioned table over integers with a class of operators that reads. */
export function integerClass(world: World): Piece {
  const { dice } = world
  const called = world.qualified('f')
  const depends = world.spell(world.relation())
  const [schema, name] = [world.schema(), world.fresh('t')]
  const table = `${schema}.${name}`
  const isPartitioned = dice.chance(0.5)
  // Nothing else writes to the index: in one whose order changes, what was rolled back may hide what is there.
  if (isPartitioned) world.add({ schema, name, kind: 'table' })
  return {
    feature: isPartitioned ? 'partitions by a class' : 'index by a class',
    ddl: [
      `CREATE FUNCTION ${called}(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS $f$
       SELECT btint4cmp($1, $2) * (SELECT 1 - 2 * (count(*)::int % 2) FROM ${depends}) $f$`,
      `CREATE OPERATOR CLASS ${called}_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
       OPERATOR 5 >, FUNCTION 1 ${called}(int, int)`,
      `CREATE TABLE ${table} (id int, n int, note text)${isPartitioned ? ` PARTITION BY RANGE (n ${called}_ops)` : ''}`,
      ...(isPartitioned
        ? [
            `CREATE TABLE ${schema}.${world.fresh('p')} PARTITION OF ${table} FOR VALUES FROM (MINVALUE) TO (3)`,
            `CREATE TABLE ${schema}.${world.fresh('p')} PARTITION OF ${table} DEFAULT`,
          ]
        : []),
      `INSERT INTO ${table} SELECT i, i, 'o' FROM generate_series(1, 5) i`,
      ...(isPartitioned ? [] : [`CREATE INDEX ON ${table} (n ${called}_ops)`]),
    ],
    writes: isPartitioned ? [`INSERT INTO ${table} VALUES (6, 2, 'o')`] : [],
    reads: [
      `SELECT * FROM ${table} WHERE n = 2`,
      `SELECT * FROM ${table} WHERE n > 3`,
      `SELECT * FROM ${table}`,
    ],
  }
}

/** A range over integers whose difference reads, and a cast between types of PostgreSQL's own. */
export function systemCast(world: World): Piece {
  const called = world.qualified('f')
  const value = world.integer(world.rank, '7')
  const table = world.spell(world.relation())
  const [from, to, returned] = world.dice.pick([
    ['date', 'int', value],
    ['point', 'int', value],
    ['uuid', 'int', value],
  ] as const)
  const sample = { date: `'2020-01-01'`, point: `'(1,2)'`, uuid: `'6f1c1a30-0000-4000-8000-000000000000'` }[
    from
  ]
  return {
    feature: 'cast between types of the system',
    ddl: [
      `CREATE FUNCTION ${called}(${from}) RETURNS ${to} LANGUAGE sql IMMUTABLE AS $f$ SELECT ${returned} $f$`,
      `CREATE CAST (${from} AS ${to}) WITH FUNCTION ${called}(${from})${world.dice.pick(['', ' AS ASSIGNMENT', ' AS IMPLICIT'])}`,
    ],
    writes: [`UPDATE ${world.spell(world.ordinaryTable())} SET n = ${from} ${sample} WHERE id = 1`],
    reads: [
      `SELECT (${from} ${sample})::int`,
      `SELECT id FROM ${table} WHERE n = (${from} ${sample})::int`,
      `SELECT n + (${from} ${sample}) FROM ${table}`,
    ],
  }
}
