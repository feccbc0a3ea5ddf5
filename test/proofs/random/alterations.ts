import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** A change of what is there: another body, another name, another place. */
export function alteration(world: World): Piece {
  const { dice } = world
  const table = world.ordinaryTable()
  const name = `${table.schema}.${table.name}`
  const aside = world.fresh('aside')
  const routine = dice.pick(world.readers)
  const replaced = routine.call('x').replace(/\(x\)$/, '(x int)')
  const value = world.integer(routine.rank, 'x')
  return {
    feature: 'alteration',
    ddl: dice.pick<readonly string[]>([
      [`CREATE OR REPLACE FUNCTION ${replaced} RETURNS int LANGUAGE sql AS $f$ SELECT ${value} $f$`],
      [
        `CREATE OR REPLACE FUNCTION ${replaced} RETURNS int LANGUAGE plpgsql STABLE AS $f$ BEGIN RETURN ${value}; END $f$`,
      ],
      [
        `ALTER TABLE ${name} RENAME TO ${aside}`,
        `CREATE TABLE ${name} (id int PRIMARY KEY, n int, note text)`,
        `INSERT INTO ${name} SELECT id, n, note FROM ${table.schema}.${aside}`,
      ],
      [`ALTER TABLE ${name} SET SCHEMA ${world.schema()}`],
      [`CREATE VIEW ${world.schema()}.${table.name} AS SELECT * FROM ${name}`],
    ]),
    reads: [`SELECT * FROM ${name}`, `SELECT ${routine.call('3')}`],
  }
}
