import type { PoolClient } from 'pg'
import type { TransactionOptions } from '../../src/index.ts'

/** Number of counters, accounts, shifts and registers. */
export const ROWS = 8

export const SCHEMA: string = `
  create table counters (id int primary key, n int not null);
  create table accounts (id int primary key, balance int not null);
  create table doctors (id int primary key, shift int not null, is_on_call boolean not null);
  create table registers (id int primary key, version int not null)`

/** The rows with which a run begins. */
export const CONTENTS: string = `
  truncate counters, accounts, doctors, registers;
  insert into counters select g, 0 from generate_series(1, ${ROWS}) g;
  insert into accounts select g, 100 from generate_series(1, ${ROWS}) g;
  insert into doctors select g, g % ${ROWS}, true from generate_series(1, ${2 * ROWS}) g;
  insert into registers select g, 0 from generate_series(1, ${ROWS}) g`

/** Anomalies that PostgreSQL rules out at the level of the program that found them. */
export type Anomaly =
  | 'lost update'
  | 'read skew'
  | 'money created or lost'
  | 'write skew'
  | 'dirty read'
  | 'a read went back'
  | 'a write followed from an outdated read'

export interface Run {
  /** Reads inside of the transaction, or, to show that the checks notice it, before it. */
  readonly read: (text: string, values: readonly unknown[]) => Promise<readonly Row[]>
  readonly client: PoolClient
  /** A name that no text has had, so that nothing is known of transactions with this beginning. */
  readonly mark: string
  /** Random integer from 0 to below `limit`. */
  readonly below: (limit: number) => number
  /** Versions of the registers that were committed before the transaction began. */
  readonly committed: readonly number[]
  readonly found: (anomaly: Anomaly) => void
}

export type Row = Readonly<Record<string, unknown>>

/** A transaction, and what it means that it was committed. */
export interface Program {
  readonly isolation: NonNullable<TransactionOptions['isolation']>
  /** Returns what to do once the transaction is committed. */
  readonly run: (run: Run) => Promise<((state: State) => void) | undefined>
}

/** What committed transactions imply. */
export interface State {
  /** Increments of each counter. */
  readonly increments: number[]
  /** Latest known version of each register. */
  readonly versions: number[]
}

/** A write that is rolled back adds this much, so that nobody may ever read it. */
export const NEVER_COMMITTED = 1_000_000_000

const sumOf = (rows: readonly Row[], column: string): number =>
  rows.reduce((sum, row) => sum + Number(row[column]), 0)

/** Reads a counter and writes what follows: at REPEATABLE READ no update may be lost. */
const increment: Program = {
  isolation: 'repeatable read',
  async run({ below, client, mark, read }) {
    const id = 1 + below(ROWS)
    const rows = await read(`select n as ${mark} from counters where id = $1`, [id])
    await client.query('update counters set n = $2 where id = $1', [id, Number(rows[0]?.[mark]) + 1])
    return ({ increments }) => {
      increments[id - 1] = (increments[id - 1] ?? 0) + 1
    }
  },
}

/** Reads all accounts in two statements, and transfers: a snapshot always shows the same sum. */
const transfer: Program = {
  isolation: 'repeatable read',
  async run({ below, client, found, mark, read }) {
    const half = ROWS / 2
    const low = await read(`select id, balance as ${mark} from accounts where id <= ${half}`, [])
    const high = await read(`select id, balance as ${mark} from accounts where id > ${half}`, [])
    const all = [...low, ...high]
    if (sumOf(all, mark) !== 100 * ROWS) found('read skew')
    const from = all[below(half)]
    const to = all[half + below(half)]
    const text = 'update accounts set balance = $2 where id = $1'
    await client.query(text, [from?.['id'], Number(from?.[mark]) - 1])
    await client.query(text, [to?.['id'], Number(to?.[mark]) + 1])
    return undefined
  },
}

/** Reads all accounts and writes nothing: it stays on a replica. */
const audit: Program = {
  isolation: 'repeatable read',
  async run({ found, read }) {
    const low = await read(`select balance from accounts where id <= 3`, [])
    const high = await read(`select balance from accounts where id > 3`, [])
    if (sumOf([...low, ...high], 'balance') !== 100 * ROWS) found('read skew')
    return undefined
  },
}

/** A doctor goes off call if another one of the shift is on call: SERIALIZABLE keeps one. */
const leaveShift: Program = {
  isolation: 'serializable',
  async run({ below, client, mark, read }) {
    const shift = below(ROWS)
    const rows = await read(`select id as ${mark} from doctors where shift = $1 and is_on_call order by id`, [
      shift,
    ])
    const someone = rows[below(rows.length)]?.[mark]
    if (rows.length > 1) await client.query('update doctors set is_on_call = false where id = $1', [someone])
    else await client.query('update doctors set is_on_call = true where shift = $1', [shift])
    return undefined
  },
}

/** Reads a register twice and writes: at READ COMMITTED a read shows all that was committed before it. */
const follow: Program = {
  isolation: 'read committed',
  async run({ below, client, committed, found, mark, read }) {
    // Few, so that many reads come soon after a write.
    const id = 1 + below(2)
    const text = `select version as ${mark} from registers where id = $1`
    const first = Number((await read(text, [id]))[0]?.[mark])
    const second = Number((await read(text, [id]))[0]?.[mark])
    if (second < first) found('a read went back')
    if (Math.max(first, second) >= NEVER_COMMITTED) found('dirty read')
    const { rows } = await client.query<{ version: number }>(
      'update registers set version = version + 1 where id = $1 returning version',
      [id],
    )
    const isOutdated = first < (committed[id - 1] ?? 0)
    return ({ versions }) => {
      if (isOutdated) found('a write followed from an outdated read')
      versions[id - 1] = Math.max(versions[id - 1] ?? 0, rows[0]?.version ?? 0)
    }
  },
}

export const PROGRAMS: readonly Program[] = [increment, transfer, audit, leaveShift, follow]
