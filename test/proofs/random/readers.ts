import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** Ways to write a function that depends on a relation. */
type Way = (world: World, name: string, value: (argument: string) => string) => readonly string[]

const LABELS = ['IMMUTABLE', 'STABLE', 'VOLATILE', 'IMMUTABLE STRICT', 'STABLE SECURITY DEFINER'] as const

const plpgsql = (head: string, declared: string, body: string, label: string): string =>
  `CREATE FUNCTION ${head} RETURNS int LANGUAGE plpgsql ${label} AS $f$ DECLARE ${declared} BEGIN ${body} END $f$`

const ways: readonly Way[] = [
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}(int) RETURNS int LANGUAGE sql ${dice.pick(LABELS)} AS $f$ SELECT ${value('$1')} $f$`,
  ],
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql ${dice.pick(LABELS)} BEGIN ATOMIC SELECT ${value('x')}; END`,
  ],
  ({ dice }, name, value) => [
    plpgsql(`${name}(x int)`, 'r int;', `SELECT ${value('x')} INTO r; RETURN r;`, dice.pick(LABELS)),
  ],
  ({ dice }, name, value) => [plpgsql(`${name}(x int)`, '', `RETURN ${value('x')};`, dice.pick(LABELS))],
  ({ dice }, name, value) => [
    plpgsql(`${name}(x int)`, `r int := ${value('x')};`, 'RETURN r;', dice.pick(LABELS)),
  ],
  (world, name, value) => {
    const relation = world.spell(world.relation())
    const loop = world.dice.pick([
      `FOR q IN SELECT n FROM ${relation} LOOP r := r + q.n; END LOOP; RETURN r + ${value('x')};`,
      `PERFORM 1 FROM ${relation} WHERE n > 8; IF FOUND THEN RETURN ${value('x')}; END IF; RETURN x;`,
      `IF ${value('x')} > 5 THEN r := 1; ELSIF EXISTS (SELECT FROM ${relation} WHERE n = 7) THEN r := 2; END IF; RETURN r;`,
      `CASE ${value('x')} % 2 WHEN 0 THEN RETURN 4; ELSE r := 5; END CASE; RETURN r;`,
      `WHILE r < ${value('x')} % 4 LOOP r := r + 1; EXIT WHEN r > 3; END LOOP; RETURN r;`,
      `BEGIN r := ${value('x')} / (SELECT count(*)::int - 5 FROM ${relation}); EXCEPTION WHEN division_by_zero THEN r := -1; END; RETURN r;`,
      `FOREACH r IN ARRAY ARRAY[${value('x')}, 2] LOOP EXIT; END LOOP; RETURN r;`,
      `ASSERT ${value('x')} % 2 = 0, 'odd'; RETURN 1;`,
      `RAISE NOTICE '%', x; GET DIAGNOSTICS r = ROW_COUNT; SELECT n INTO q FROM ${relation} ORDER BY id LIMIT 1; RETURN q.n + r;`,
    ])
    return [plpgsql(`${name}(x int)`, 'r int := 0; q record;', loop, world.dice.pick(LABELS))]
  },
  // A default of an argument.
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}_d(x int) RETURNS int LANGUAGE sql ${dice.pick(LABELS)} AS $f$ SELECT ${value('x')} $f$`,
    `CREATE FUNCTION ${name}(x int, y int DEFAULT ${name}_d(2)) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + y'`,
  ],
  // Overloaded: only one of them reads.
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}(x text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length(x)'`,
    `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql ${dice.pick(LABELS)} AS $f$ SELECT ${value('x')} $f$`,
  ],
  // Names that only the function's own setting makes unambiguous.
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE SET search_path = ${dice.pick(['b, a', 'c, b, a', 'a'])}
     AS $f$ SELECT ${value('x')} $f$`,
  ],
  ({ dice }, name, value) => [
    plpgsql(
      `${name}(x int)`,
      'r int;',
      `PERFORM set_config('search_path', '${dice.pick(['b, a, c', 'c, a, b'])}', true); SELECT ${value('x')} INTO r; RETURN r;`,
      'VOLATILE',
    ),
  ],
  // A function that returns rows.
  (world, name, value) => {
    const relation = world.spell(world.relation())
    const body = world.dice.pick([
      `RETURN QUERY SELECT q.n, ${value('x')} FROM ${relation} q;`,
      `FOR k, v IN SELECT q.id, ${value('q.n')} FROM ${relation} q LOOP RETURN NEXT; END LOOP;`,
    ])
    return [
      `CREATE FUNCTION ${name}_s(x int) RETURNS TABLE (k int, v int) LANGUAGE plpgsql STABLE AS $f$ BEGIN ${body} END $f$`,
      `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT (sum(k) + sum(v) + count(*))::int FROM ${name}_s(x)'`,
    ]
  },
  // A row of a relation as an argument, and a variable of its type.
  (world, name, value) => {
    const { name: plain, schema } = world.relation()
    return [
      `CREATE FUNCTION ${name}_r(r ${schema}.${plain}) RETURNS int LANGUAGE sql STABLE AS $f$ SELECT r.n + ${value('1')} $f$`,
      `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE AS $f$
       SELECT COALESCE(sum(q.${name.split('.')[1]}_r), 0)::int FROM ${schema}.${plain} q $f$`,
    ]
  },
  (world, name) => {
    const { name: plain, schema } = world.relation()
    return [
      plpgsql(
        `${name}(x int)`,
        `q ${schema}.${plain}%ROWTYPE; m ${schema}.${plain}.n%TYPE;`,
        `SELECT * INTO q FROM ${schema}.${plain} ORDER BY id DESC LIMIT 1; m := q.n; RETURN m + x;`,
        'STABLE',
      ),
    ]
  },
  // An aggregate.
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}_t(s int, x int) RETURNS int LANGUAGE sql ${dice.pick(['IMMUTABLE', 'STABLE'])} AS $f$ SELECT s + ${value('x')} $f$`,
    `CREATE AGGREGATE ${name}_a (int) (SFUNC = ${name}_t, STYPE = int, INITCOND = '0')`,
    `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT ${name}_a(v) FROM (VALUES (x), (2)) q (v)'`,
  ],
  // Behind a polymorphic function, and an argument of any number.
  ({ dice }, name, value) => [
    `CREATE FUNCTION ${name}_p(anyelement, VARIADIC int[]) RETURNS anyelement LANGUAGE sql ${dice.pick(LABELS)} AS $f$ SELECT $1 + ${value('2')} $f$`,
    `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT ${name}_p(x, 1, 2)'`,
  ],
  // By the name of a function that PostgreSQL has, too.
  ({ dice }, name, value) => {
    const schema = name.split('.')[0] ?? ''
    const known = dice.pick(['lower', 'abs', 'length', 'max', 'now'])
    return [
      `CREATE FUNCTION ${schema}.${known}(boolean, int) RETURNS int LANGUAGE sql STABLE AS $f$ SELECT ${value('$2')} $f$`,
      `CREATE FUNCTION ${name}(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT ${schema}.${known}(true, x)'`,
    ]
  },
  // Recursive.
  ({ dice }, name, value) => [
    plpgsql(
      `${name}(x int, depth int DEFAULT 2)`,
      '',
      `IF depth < 1 THEN RETURN ${value('x')}; END IF; RETURN ${name}(x, depth - 1);`,
      dice.pick(LABELS),
    ),
  ],
]

/** A function from integer to integer that depends on a relation. */
export function reader(world: World): Piece {
  const name = world.qualified('f')
  const { rank } = world
  const ddl = world.dice.pick(ways)(world, name, (argument) => world.integer(rank, argument))
  const isAmbiguous = world.dice.chance(0.3)
  const call = (argument: string): string =>
    isAmbiguous ? `${name.split('.')[1]}(${argument})` : `${name}(${argument})`
  world.readers.push({ call, rank: rank - 1 })
  const relation = world.spell(world.relation())
  return {
    feature: 'reading function',
    ddl,
    reads: [
      `SELECT ${call('1')}`,
      world.dice.pick([
        `SELECT id, ${call('n')} FROM ${relation}`,
        `SELECT id FROM ${relation} WHERE ${call('id')} % 2 = 0`,
        `SELECT * FROM ${relation} ORDER BY ${call('n')}, id LIMIT 2`,
        `SELECT count(*) FROM ${relation} GROUP BY ${call('n')} % 2`,
        `SELECT * FROM ROWS FROM (${call('1')}, ${call('2')}) WITH ORDINALITY`,
        `SELECT sum(n) OVER (ORDER BY ${call('id')}, id) FROM ${relation}`,
        `SELECT count(*) FILTER (WHERE ${call('id')} > 6) FROM ${relation}`,
      ]),
    ],
  }
}
