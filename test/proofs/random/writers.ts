import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** A volatile function that changes a relation. */
export function writer(world: World): Piece {
  const { dice, rank } = world
  const name = world.qualified('w')
  const change = (): string => world.change(rank, 'x')
  const called = world.writers.length === 0 ? undefined : dice.pick(world.writers)
  const bodies = [
    `LANGUAGE sql AS $f$ ${change()}; SELECT x $f$`,
    `LANGUAGE sql SECURITY DEFINER AS $f$ ${change()}; SELECT ${world.integer(rank, 'x')} $f$`,
    `LANGUAGE sql BEGIN ATOMIC ${change()}; SELECT x; END`,
    `LANGUAGE sql SET search_path = ${dice.pick(['b, a, c', 'c'])} AS $f$ ${change()}; SELECT x $f$`,
    `LANGUAGE plpgsql AS $f$ BEGIN ${change()}; RETURN x; END $f$`,
    `LANGUAGE plpgsql AS $f$ BEGIN IF ${world.integer(rank, 'x')} > 3 THEN ${change()}; ELSE ${change()}; END IF; RETURN x; END $f$`,
    `LANGUAGE plpgsql AS $f$ BEGIN RETURN 1 / (x - x); EXCEPTION WHEN others THEN ${change()}; RETURN 2; END $f$`,
    `LANGUAGE plpgsql AS $f$ DECLARE q record; BEGIN FOR q IN SELECT id FROM ${world.spell(world.relation())} WHERE id < 3 LOOP ${change()}; END LOOP; RETURN x; END $f$`,
    `LANGUAGE plpgsql AS $f$ DECLARE r int; BEGIN WITH d AS (DELETE FROM ${world.spell(world.ordinaryTable())} WHERE id = 1 RETURNING id) SELECT count(*) INTO r FROM d; RETURN r; END $f$`,
    `LANGUAGE plpgsql AS $f$ DECLARE r int; BEGIN UPDATE ${world.spell(world.ordinaryTable())} SET n = n + x WHERE id = 2 RETURNING n INTO r; RETURN r; END $f$`,
    `LANGUAGE plpgsql AS $f$ BEGIN TRUNCATE ${world.spell(world.ordinaryTable())}; RETURN x; END $f$`,
    ...(called === undefined
      ? []
      : [
          `LANGUAGE sql AS $f$ SELECT ${called.call('x')} $f$`,
          `LANGUAGE plpgsql AS $f$ BEGIN PERFORM ${called.call('x')}; RETURN 3; END $f$`,
        ]),
  ]
  const call = (argument: string): string => `${name}(${argument})`
  world.writers.push({ call, rank: rank - 1 })
  const relation = world.spell(world.relation())
  return {
    feature: 'writing function',
    ddl: [`CREATE FUNCTION ${name}(x int) RETURNS int ${dice.pick(bodies)}`],
    writes: [
      `SELECT ${call('1')}`,
      dice.pick([
        `SELECT ${call('n')} FROM ${relation} WHERE id < 3`,
        `WITH q AS MATERIALIZED (SELECT ${call('5')} AS v) SELECT v FROM q`,
        `SELECT * FROM ${call('2')} v, ${relation} WHERE id = 1`,
        `INSERT INTO ${world.spell(world.ordinaryTable())} (id, n, note) VALUES (${call('60')}, 1, 'w') RETURNING id, n`,
      ]),
    ],
  }
}
