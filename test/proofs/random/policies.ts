import type { Piece } from './program.ts'
import type { World } from './world.ts'

/** Row-level security with conditions that read. */
export function policy(world: World): Piece {
  const { dice } = world
  const table = world.upperTable()
  const name = `${table.schema}.${table.name}`
  const below = (): string => world.spell(world.relation(table.rank))
  const using = dice.pick([
    `id IN (SELECT id FROM ${below()})`,
    `n < (SELECT count(*) FROM ${below()}) + 4`,
    world.condition(table.rank, 'id'),
    `EXISTS (SELECT FROM ${below()} q WHERE q.id > 2 AND q.n < 9)`,
  ])
  const check = dice.pick([`n > (SELECT min(n) FROM ${below()})`, world.condition(table.rank, 'n'), 'true'])
  const [scope, clauses] = dice.pick([
    ['ALL', `USING (${using}) WITH CHECK (${check})`],
    ['ALL', `USING (${using})`],
    ['SELECT', `USING (${using})`],
    ['INSERT', `WITH CHECK (${check})`],
    ['UPDATE', `USING (${using}) WITH CHECK (${check})`],
    ['DELETE', `USING (${using})`],
  ])
  return {
    feature: 'policy',
    ddl: [
      `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY ${world.fresh('y')} ON ${name} FOR ${scope} TO ${dice.pick(['public', 'proof_guest'])} ${clauses}`,
      ...(scope === 'ALL' ? [] : [`CREATE POLICY ${world.fresh('y')} ON ${name} USING (true)`]),
      ...(dice.chance(0.3)
        ? [
            `CREATE POLICY ${world.fresh('y')} ON ${name} AS RESTRICTIVE USING (${world.condition(table.rank, 'n')})`,
          ]
        : []),
    ],
    writes: [
      `INSERT INTO ${name} (id, n, note) VALUES (140, 5, 'p') RETURNING id`,
      `UPDATE ${name} SET n = n + 1`,
      `DELETE FROM ${name} WHERE id > 3`,
    ],
    reads: [`SELECT * FROM ${name}`, `SELECT count(*) FROM ${name}`],
  }
}
