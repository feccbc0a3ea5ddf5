import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** A view: over a table or another view, joined, computed, with a check. */
export function view(world: World): Piece {
  const { dice } = world
  const [schema, name] = [world.schema(), world.fresh('v')]
  const { rank } = world
  const below = world.spell(world.relation())
  const check = dice.pick(['', '', ' WITH CHECK OPTION', ' WITH LOCAL CHECK OPTION'])
  const options = dice.pick(['', '', ' WITH (security_invoker)', ' WITH (security_barrier)'])
  const text = dice.pick([
    `SELECT id, n, note FROM ${below} WHERE n < 40${check}`,
    `SELECT id, n, note FROM ${below} WHERE ${world.integer(rank, 'id')} % 2 = 0${check}`,
    `SELECT id, n, note FROM ${below} WHERE id IN (SELECT id FROM ${world.spell(world.relation())})${check}`,
    `SELECT id, n, note FROM ${below} WHERE n > 0 AND ${world.condition(rank, 'n')}${check}`,
    `SELECT q.id, r.n, q.note FROM ${below} q JOIN ${world.spell(world.relation())} r USING (id)`,
    `SELECT id, ${world.integer(rank, 'n')} AS n, note FROM ${below}`,
    `SELECT id, n, note FROM ${below} UNION ALL SELECT n, id, 'u' FROM ${world.spell(world.relation())}`,
    `WITH q AS (SELECT * FROM ${below}) SELECT id, n, note FROM q`,
    `SELECT id, n, note FROM ${below} q, LATERAL (SELECT count(*) FROM ${world.spell(world.relation())} r WHERE r.id = q.id) k`,
  ])
  world.add({ schema, name, kind: 'view' })
  return {
    feature: 'view',
    ddl: [
      `CREATE VIEW ${schema}.${name}${options} AS ${text}`,
      ...(dice.chance(0.2)
        ? [`ALTER VIEW ${schema}.${name} ALTER n SET DEFAULT ${world.call(rank, '3')}`]
        : []),
    ],
    writes: [
      `INSERT INTO ${schema}.${name} (id, note) VALUES (80, 'v') RETURNING n`,
      `UPDATE ${schema}.${name} SET note = 'v', n = n + 2`,
      `DELETE FROM ${schema}.${name} WHERE id = 2`,
    ],
    reads: [`SELECT * FROM ${schema}.${name}`, `SELECT count(*), max(n) FROM ${schema}.${name}`],
  }
}

/** A rule of a table or a view. */
export function rule(world: World): Piece {
  const { dice } = world
  const target = world.relation(world.rank, ['table', 'view', 'view'])
  const event = dice.pick(['INSERT', 'UPDATE', 'DELETE'])
  const row = event === 'DELETE' ? 'OLD' : 'NEW'
  const condition = dice.pick([
    '',
    '',
    ` WHERE ${row}.n > 2`,
    ` WHERE ${world.integer(target.rank, `${row}.n`)} % 2 = 0`,
  ])
  const way = dice.pick(['ALSO', 'ALSO', 'INSTEAD'])
  const change = (): string => world.changeByRule(target.rank, `${row}.id`)
  const action = dice.pick([
    change(),
    `(${change()}; ${change()})`,
    `SELECT ${world.integer(target.rank, '1')}`,
    ...(world.writers.some(({ rank }) => rank < target.rank)
      ? [`SELECT ${dice.pick(world.writers.filter(({ rank }) => rank < target.rank)).call(`${row}.n`)}`]
      : []),
    'NOTHING',
  ])
  const name = `${target.schema}.${target.name}`
  return {
    feature: 'rule',
    ddl: [`CREATE RULE ${world.fresh('r')} AS ON ${event} TO ${name}${condition} DO ${way} ${action}`],
    writes: [
      `INSERT INTO ${name} (id, n, note) VALUES (90, 4, 'r')`,
      `UPDATE ${name} SET n = n + 1`,
      `DELETE FROM ${name} WHERE id IN (1, 4)`,
    ],
    reads: [`SELECT * FROM ${name}`],
  }
}

/** A materialized view, with an index that may compute. */
export function storedView(world: World): Piece {
  const { dice } = world
  const [schema, name] = [world.schema(), world.fresh('m')]
  const { rank } = world
  const source = dice.chance(0.6) ? world.ordinaryTable() : world.relation()
  const below = world.spell(source)
  const computed = dice.chance(0.3) ? world.integer(rank, 'max(n)') : 'max(n)'
  const index = world.immutable(rank)
  const isEmpty = dice.chance(0.15)
  world.add({ schema, name, kind: 'stored' })
  return {
    feature: 'materialized view',
    ddl: [
      `CREATE MATERIALIZED VIEW ${schema}.${name} AS SELECT id, ${computed} AS n, max(note) AS note FROM ${below} GROUP BY id${
        isEmpty ? ' WITH NO DATA' : ''
      }`,
      `CREATE UNIQUE INDEX ON ${schema}.${name} (id)`,
      // What a REFRESH finds.
      ...(source.kind === 'table' ? [`UPDATE ${source.schema}.${source.name} SET note = 'later'`] : []),
      ...(dice.chance(0.3) ? [index.ddl, `CREATE INDEX ON ${schema}.${name} ((${index.call('id')}))`] : []),
    ],
    writes: [
      `REFRESH MATERIALIZED VIEW ${schema}.${name}`,
      `REFRESH MATERIALIZED VIEW CONCURRENTLY ${schema}.${name}`,
      `REFRESH MATERIALIZED VIEW ${schema}.${name} WITH NO DATA`,
    ],
    reads: [`SELECT * FROM ${schema}.${name}`],
  }
}
