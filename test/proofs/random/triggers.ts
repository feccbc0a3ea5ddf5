import type { Piece } from './program.ts'
import type { Relation, World } from './world.ts'

const EVENTS = [
  'INSERT',
  'UPDATE',
  'DELETE',
  'UPDATE OF n',
  'INSERT OR UPDATE',
  'INSERT OR DELETE OR UPDATE',
] as const

const uses = (
  relation: Relation,
): { readonly writes: readonly string[]; readonly reads: readonly string[] } => {
  const name = `${relation.schema}.${relation.name}`
  return {
    writes: [
      `INSERT INTO ${name} (id, n, note) VALUES (70, 3, 't') RETURNING *`,
      `UPDATE ${name} SET n = n + 1 WHERE id = 1`,
      `UPDATE ${name} SET note = 't'`,
      `DELETE FROM ${name} WHERE id = 3`,
    ],
    reads: [`SELECT * FROM ${name}`],
  }
}

/** A trigger for each row, by a function in PL/pgSQL that changes or reads other relations. */
export function rowTrigger(world: World): Piece {
  const { dice } = world
  const target = world.relation(world.rank, ['table', 'part'])
  const name = world.qualified('g')
  const when = dice.pick(['BEFORE', 'AFTER', 'AFTER'])
  const event = dice.pick(EVENTS)
  const guard = dice.chance(0.2) ? 'IF pg_trigger_depth() > 2 THEN RETURN NULL; END IF; ' : ''
  const act = dice.pick([
    `${world.change(target.rank)};`,
    `${world.change(target.rank)}; ${world.change(target.rank)};`,
    `IF TG_OP <> 'DELETE' THEN NEW.n := ${world.integer(target.rank, 'NEW.n')}; END IF;`,
    `IF ${world.integer(target.rank, '1')} % 3 = 1 THEN RETURN NULL; END IF;`,
    `PERFORM ${world.call(target.rank, '3')};`,
    `IF TG_OP = 'INSERT' THEN ${world.change(target.rank, 'NEW.id')}; END IF;`,
    ...(world.writers.length === 0 ? [] : [`PERFORM ${writerBelow(world, target.rank)};`]),
  ])
  const condition = dice.chance(0.2)
    ? ` WHEN (pg_trigger_depth() < 5 AND ${world.condition(target.rank, '2')})`
    : ''
  const timing =
    when === 'AFTER' && dice.chance(0.2) && event !== 'UPDATE OF n'
      ? `CREATE CONSTRAINT TRIGGER ${world.fresh('x')} AFTER ${event} ON ${target.schema}.${target.name} DEFERRABLE INITIALLY DEFERRED`
      : `CREATE TRIGGER ${world.fresh('x')} ${when} ${event} ON ${target.schema}.${target.name}`
  return {
    feature: 'row trigger',
    ddl: [
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql${dice.pick(['', ' SECURITY DEFINER', ' SET search_path = b, a, c'])} AS $f$
       BEGIN ${guard}${act} RETURN COALESCE(NEW, OLD); END $f$`,
      `${timing} FOR EACH ROW${condition} EXECUTE FUNCTION ${name}(${dice.pick(['', "'an argument'"])})`,
    ],
    ...uses(target),
  }
}

function writerBelow(world: World, rank: number): string {
  const suitable = world.writers.filter((each) => each.rank < rank)
  return suitable.length === 0 ? '1' : world.dice.pick(suitable).call('4')
}

/** A trigger for each statement, also for TRUNCATE, and with transition tables. */
export function statementTrigger(world: World): Piece {
  const { dice } = world
  const target = world.relation(world.rank, ['table', 'part'])
  const name = world.qualified('g')
  const table = `${target.schema}.${target.name}`
  const sink = world.spell(world.ordinaryTable(target.rank))
  const [event, references, act] = dice.pick([
    [
      'AFTER INSERT',
      'REFERENCING NEW TABLE AS fresh',
      `INSERT INTO ${sink} (id, n, note) SELECT id + 500, n, 'g' FROM fresh`,
    ],
    [
      'AFTER UPDATE',
      'REFERENCING OLD TABLE AS stale',
      `UPDATE ${sink} SET n = n + 1 WHERE id IN (SELECT id FROM stale)`,
    ],
    [
      'AFTER DELETE',
      'REFERENCING OLD TABLE AS stale',
      `DELETE FROM ${sink} WHERE id IN (SELECT id FROM stale)`,
    ],
    ['BEFORE TRUNCATE', '', world.change(target.rank)],
    ['AFTER TRUNCATE', '', world.change(target.rank)],
    ['BEFORE INSERT OR UPDATE OR DELETE', '', world.change(target.rank)],
    ['BEFORE DELETE', '', `TRUNCATE ${sink}`],
  ])
  const { reads, writes } = uses(target)
  return {
    feature: 'statement trigger',
    ddl: [
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${act}; RETURN NULL; END $f$`,
      `CREATE TRIGGER ${world.fresh('y')} ${event} ON ${table} ${references} FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
    ],
    writes: [...writes, `TRUNCATE ${table}`, `TRUNCATE ${table} CASCADE`, `DELETE FROM ${table}`],
    reads,
  }
}

/** A view that a trigger makes writable. */
export function insteadTrigger(world: World): Piece {
  const { dice } = world
  const [schema, name] = [world.schema(), world.fresh('v')]
  const below = world.spell(world.relation())
  const { rank } = world
  const change = (): string => world.change(rank)
  world.add({ schema, name, kind: 'view' })
  const called = world.qualified('g')
  return {
    feature: 'instead trigger',
    ddl: [
      `CREATE VIEW ${schema}.${name} AS SELECT id, max(n) AS n, max(note) AS note FROM ${below} GROUP BY id`,
      `CREATE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
         IF TG_OP = 'DELETE' THEN ${change()}; RETURN OLD; END IF; ${change()}; RETURN NEW; END $f$`,
      `CREATE TRIGGER z INSTEAD OF ${dice.pick(['INSERT OR UPDATE OR DELETE', 'INSERT', 'UPDATE OR DELETE'])} ON ${schema}.${name}
         FOR EACH ROW EXECUTE FUNCTION ${called}()`,
    ],
    ...uses({ schema, name, rank, kind: 'view' }),
  }
}
