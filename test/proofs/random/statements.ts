import { CHANGEABLE, type Relation, type World } from './world.ts'

/** A statement that changes data, in one of the forms that only clients use. */
export function randomWrite(world: World): string {
  const { dice, rank } = world
  const target = world.relation(rank, CHANGEABLE)
  const table = world.spell(world.ordinaryTable())
  const name = world.spell(target)
  const change = world.changeOf(target, rank)
  return dice.pick([
    change,
    change,
    change,
    `WITH q AS (SELECT 1) ${change}`,
    `WITH d AS (DELETE FROM ${name} WHERE id < 3 RETURNING id, n, note)
     INSERT INTO ${table} (id, n, note) SELECT id + 700, n, note FROM d RETURNING id`,
    `WITH d AS (UPDATE ${name} SET n = n + 1 RETURNING n) SELECT sum(n) FROM d`,
    `WITH d AS (INSERT INTO ${name} (id, n, note) VALUES (150, 1, 'x') RETURNING id) DELETE FROM ${table} WHERE id = 1`,
    `TRUNCATE ${table}`,
    `TRUNCATE ${table} CASCADE`,
    `DELETE FROM ${name}`,
    `UPDATE ${name} SET n = ${world.integer(rank, 'n')}`,
    `DELETE FROM ${name} q USING ${table} r WHERE q.id = r.id AND r.n > 4`,
    `INSERT INTO ${name} (id, n, note) VALUES (160, 1, 'a'), (161, 2, 'b') RETURNING id, ${world.integer(rank, 'n')}`,
    `COPY ${name} (id, n, note) FROM STDIN`,
    `INSERT INTO ${table} (id, n, note) SELECT id + 800, n, note FROM ${name}`,
    `${change}; ${world.change(rank)}`,
  ])
}

/** A statement that merely reads, if its functions do. */
export function randomRead(world: World): string {
  const { dice, rank } = world
  const name = world.spell(world.relation())
  const other = world.spell(world.relation())
  return dice.pick([
    `SELECT * FROM ${name}`,
    `TABLE ${name}`,
    `SELECT count(*), sum(n), max(note) FROM ${name}`,
    `SELECT n FROM ${name} WHERE id = ${1 + dice.below(5)}`,
    `SELECT q.id, r.n FROM ${name} q JOIN ${other} r USING (id)`,
    `SELECT id FROM ${name} WHERE n IN (SELECT n FROM ${other})`,
    `SELECT id FROM ${name} q WHERE NOT EXISTS (SELECT FROM ${other} r WHERE r.n = q.n)`,
    `WITH q AS (SELECT id, n FROM ${name}) SELECT sum(n) FROM q`,
    `SELECT n FROM ${name} UNION SELECT id FROM ${other}`,
    `SELECT id, ${world.integer(rank, 'n')} FROM ${name}`,
    `SELECT id FROM ${name} WHERE ${world.integer(rank, 'id')} % 2 = 0`,
    `SELECT ${world.integer(rank, '1')}, ${world.integer(rank, '2')}`,
    `SELECT row_number() OVER (ORDER BY n, id), id FROM ${name}`,
    `VALUES (${world.integer(rank, '1')})`,
    `SELECT q FROM ${name} q`,
    `SELECT id FROM ${name} LIMIT ${world.integer(rank, '1')} % 3`,
    `SELECT n FROM ${name} FOR SHARE`,
  ])
}

/** The plainest change and read of a relation: whatever depends on it, or leads to it, shows beside these. */
export function plainStatements({ kind, name, schema }: Relation): {
  readonly writes: readonly string[]
  readonly read: string
} {
  const spelled = `${schema}.${name}`
  return {
    writes:
      kind === 'stored'
        ? []
        : [
            `INSERT INTO ${spelled} (id, n, note) VALUES (10, 17, 'z')`,
            `DELETE FROM ${spelled} WHERE id = 5`,
          ],
    read: `SELECT * FROM ${spelled}`,
  }
}
