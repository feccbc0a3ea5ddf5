import type { ClientConfig } from 'pg'
import { ask } from '../../support/servers.ts'
import type { Truth } from './history.ts'

/** Rows of the table that cursors and streams read; `id` counts from 1. */
export const ITEMS = 2_000
/** Registers of each caller. */
export const REGISTERS = 4

/** Twice as long, for a ROLLBACK behind a statement, is still in time. Without it, a write over a connection that was lost without a word waits as long as the operating system keeps that. */
export const LONGEST_STATEMENT_MS = 20_000

/** Role of the pool's connections, and its password. */
export const APP = { user: 'app', password: 'not in plain text' } as const

/**
 * Each register keeps all values that it ever had, and the ledger has no key. So a value that was written twice, or taken
 * back, is visible in the end.
 */
export function schemaFor(callers: number): string {
  return `
    create role ${APP.user} login password '${APP.password}' in role pg_monitor;
    create table registers (id int primary key, n int not null, past int[] not null default '{}');
    insert into registers select g, 0 from generate_series(0, ${callers * REGISTERS - 1}) g;
    create table ledger (writer int, n int);
    create index on ledger (writer, n);
    create table items (id int primary key, name text);
    insert into items select g, 'item ' || g from generate_series(1, ${ITEMS}) g;
    create table fresh (n int);
    grant select, insert, update on registers, ledger, items, fresh to ${APP.user}`
}

export function registerKey(id: number): string {
  return `register ${id}`
}

export function ledgerKey(writer: number): string {
  return `ledger ${writer}`
}

/** Reads all rows of one server, past any pool. */
export async function truthOf(config: ClientConfig): Promise<Truth> {
  const truth = new Map<string, readonly number[]>()
  const registers = await ask(config, 'select id, past from registers')
  for (const { id, past } of registers) truth.set(registerKey(Number(id)), past as number[])
  const ledgers = await ask(
    config,
    'select writer, array_agg(n order by n) as past from ledger group by writer',
  )
  for (const { past, writer } of ledgers) truth.set(ledgerKey(Number(writer)), past as number[])
  return truth
}
