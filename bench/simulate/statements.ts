import { INT4, TEXT, type Statement } from '../../test/simulation/statements.ts'
import type { Scenario } from './scenario.ts'

/** Reads by scope: a row by its key, or the table. Each takes `$2` seconds. */
export const READS: Readonly<Record<Scenario['scope'], string>> = {
  row: 'SELECT value, work($2) FROM items WHERE id = $1',
  table: 'SELECT count(*), work($2) FROM items WHERE value = $1',
}
/** Changes a row, and takes `$2` seconds for it. */
export const WRITE = 'UPDATE items SET value = value + 1 WHERE id = $1 RETURNING work($2)'

const work = { name: 'work', type: TEXT }

const statements: readonly Statement[] = [
  ...Object.values(READS).map((text): Statement => ({
    text,
    columns: [{ name: 'value', type: INT4 }, work],
    answer: () => ({ command: 'SELECT 1', rows: [['1', '']] }),
  })),
  {
    text: WRITE,
    columns: [work],
    locks: ([id]) => [`items:${id}`],
    changes: ([id]) => [{ key: `items:${id}`, value: '1' }],
    answer: () => ({ command: 'UPDATE 1', rows: [['']] }),
  },
]

const byText = new Map(statements.map((statement) => [statement.text, statement]))

/** Returns how a simulated server answers a statement of the load. */
export function statementOf(text: string): Statement | undefined {
  return byText.get(text)
}

/** Creates the table on a real cluster. */
export function schemaOf(rows: number): readonly string[] {
  return [
    'create table items (id int primary key, value int not null)',
    `insert into items select n, 0 from generate_series(1, ${rows}) n`,
    'vacuum analyze items',
    workOf(0),
  ]
}

/**
 * Creates the work on a real cluster. It is sleep: servers that share a machine do not slow each other down. With one
 * core, statements of a server sleep one after the other, in the order of their arrival.
 *
 * @param cores 1, or 0 for any number.
 */
export function workOf(cores: number): string {
  if (cores > 1) throw new RangeError(`Real servers have one core here, or any number (0); received ${cores}`)
  const lock = cores === 1 ? 'perform pg_advisory_xact_lock(1);' : ''
  return `create or replace function work(seconds float8) returns text volatile language plpgsql as $$
    begin ${lock} perform pg_sleep(seconds); return ''; end $$`
}
