import type { Answer, Column } from '../support/wire.ts'
import type { Change, State } from './wal.ts'

export const INT4 = 23
export const TEXT = 25

/** A statement of the workload: a read of one state, or a change of rows which it locks first. */
export interface Statement {
  readonly text: string
  readonly columns?: readonly Column[]
  /** Keys of the rows that it locks. Absent for a plain read. */
  readonly locks?: (values: Values, state: State) => readonly string[]
  /** Its changes, once the rows are locked; absent for a read and for a mere lock. */
  readonly changes?: (values: Values, state: State) => readonly Change[] | 'duplicate'
  /** Whether it adds rows: a repeatable read may, whatever others have added. */
  readonly isInsert?: boolean
  readonly answer: (values: Values, state: State, changes: readonly Change[]) => Answer
}

type Values = readonly (string | null)[]

export const TABLES: readonly ['items', 'notes'] = ['items', 'notes']
export type Table = (typeof TABLES)[number]
/** Number of rows that each of the tables begins with; their ids count from 1, their values are 0. */
export const ROWS = 4

const valueColumn: Column = { name: 'value', type: INT4 }
const idColumn: Column = { name: 'id', type: INT4 }

export function keyOf(table: string, id: string | number | null | undefined): string {
  return `${table}:${id}`
}

/** Creates the tables on a real server, as the simulated one has them. */
export const SCHEMA: string = `
CREATE TABLE items (id int PRIMARY KEY, value int NOT NULL);
CREATE TABLE notes (id int PRIMARY KEY, value int NOT NULL);
CREATE TABLE log (id int PRIMARY KEY, value int NOT NULL);
INSERT INTO items SELECT n, 0 FROM generate_series(1, ${ROWS}) n;
INSERT INTO notes SELECT n, 0 FROM generate_series(1, ${ROWS}) n;
`

/** The texts that the workload sends, for a table of rows that are updated. */
export const sql: Readonly<
  Record<'read' | 'readAll' | 'update' | 'returning' | 'lock', (table: Table) => string>
> = {
  read: (table) => `SELECT value FROM ${table} WHERE id = $1`,
  readAll: (table) => `SELECT id, value FROM ${table} ORDER BY id`,
  update: (table) => `UPDATE ${table} SET value = $2 WHERE id = $1`,
  returning: (table) => `UPDATE ${table} SET value = $2 WHERE id = $1 RETURNING id, value`,
  lock: (table) => `SELECT value FROM ${table} WHERE id = $1 FOR UPDATE`,
}

export const APPEND = 'INSERT INTO log (id, value) VALUES ($1, $2)'
export const READ_LOG = 'SELECT id, value FROM log ORDER BY id'
export const READ_LOGGED = 'SELECT value FROM log WHERE id = $1'

function ofTable(table: Table): readonly Statement[] {
  const lockRow = ([id]: Values, state: State): readonly string[] =>
    state.has(keyOf(table, id)) ? [keyOf(table, id)] : []
  const change = (values: Values, state: State): readonly Change[] =>
    lockRow(values, state).map((key) => ({ key, value: values[1] ?? '' }))
  return [
    { text: sql.read(table), columns: [valueColumn], answer: ([id], state) => one(state, keyOf(table, id)) },
    { text: sql.readAll(table), columns: [idColumn, valueColumn], answer: (_, state) => all(state, table) },
    {
      text: sql.update(table),
      locks: lockRow,
      changes: change,
      answer: (_values, _state, changes) => ({ command: `UPDATE ${changes.length}` }),
    },
    {
      text: sql.returning(table),
      columns: [idColumn, valueColumn],
      locks: lockRow,
      changes: change,
      answer: ([id], _state, changes) => ({
        command: `UPDATE ${changes.length}`,
        rows: changes.map(({ value }) => [id ?? null, value]),
      }),
    },
    {
      text: sql.lock(table),
      columns: [valueColumn],
      locks: lockRow,
      answer: ([id], state) => one(state, keyOf(table, id)),
    },
  ]
}

const statements: readonly Statement[] = [
  ...TABLES.flatMap(ofTable),
  {
    text: APPEND,
    isInsert: true,
    locks: ([id]) => [keyOf('log', id)],
    changes: ([id, value], state) =>
      state.has(keyOf('log', id)) ? 'duplicate' : [{ key: keyOf('log', id), value: value ?? '' }],
    answer: () => ({ command: 'INSERT 0 1' }),
  },
  { text: READ_LOG, columns: [idColumn, valueColumn], answer: (_, state) => all(state, 'log') },
  { text: READ_LOGGED, columns: [valueColumn], answer: ([id], state) => one(state, keyOf('log', id)) },
]

const byText = new Map(statements.map((statement) => [statement.text, statement]))

export function statementOf(text: string): Statement | undefined {
  return byText.get(text)
}

function one(state: State, key: string): Answer {
  const version = state.get(key)
  const rows = version === undefined ? [] : [[version.value]]
  return { command: `SELECT ${rows.length}`, rows }
}

function all(state: State, table: string): Answer {
  const rows: [number, string][] = []
  for (const [key, { value }] of state) {
    if (key.startsWith(`${table}:`)) rows.push([Number(key.slice(table.length + 1)), value])
  }
  rows.sort(([a], [b]) => a - b)
  return { command: `SELECT ${rows.length}`, rows: rows.map(([id, value]) => [String(id), value]) }
}
