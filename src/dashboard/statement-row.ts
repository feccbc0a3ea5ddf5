import { ROUTE_WORDS } from '../observability/reason-words.ts'
import type { QueryExecution } from '../observability/statement-events.ts'

/** One statement on the page. It has no parameter and no constant. */
export interface StatementRow {
  readonly id: number
  /** When it ended, in milliseconds since 1970. */
  readonly atMs: number
  /** The text without constants and comments, cut with `…`. */
  readonly sql: string
  /** Absent for one that was never sent. */
  readonly node?: string
  readonly role?: string
  /** Reason for the route. */
  readonly why: string
  readonly durationMs: number
  /** Waits, retries and other things that happened to it. */
  readonly notes: readonly string[]
}

/** Length of a text on the page, in UTF-16 units. */
const LONGEST = 300

/** Whether a statement failed, was sent again, or was rejected by a replica. */
export function isTroubled({ error, repair, retries }: QueryExecution): boolean {
  return retries.length > 0 || repair !== undefined || error !== undefined
}

/** Whether a statement waited, or ran on the primary in place of a replica. */
export function isDelayed({ spill, waits }: QueryExecution): boolean {
  return waits.length > 0 || spill !== undefined
}

/** Returns a statement as the page shows it. */
export function statementRow(execution: QueryExecution, atMs: number): StatementRow {
  const { durationMs = 0, id, node, role, sql = '' } = execution
  return {
    id,
    atMs,
    sql: cut(sql),
    ...(node === undefined ? {} : { node }),
    ...(role === undefined ? {} : { role }),
    why: whyOf(execution),
    durationMs,
    notes: notesOf(execution),
  }
}

/** Cuts a text to the length of those on the page. */
export function cut(sql: string): string {
  return sql.length > LONGEST ? `${sql.slice(0, LONGEST)}…` : sql
}

function whyOf({ reason, statement }: QueryExecution): string {
  if (reason === undefined) return 'not decided'
  const words = ROUTE_WORDS[reason]
  return reason === 'not-a-read' && statement !== undefined ? `${words}: ${statement}` : words
}

function notesOf({ error, repair, retries, spill, waits }: QueryExecution): readonly string[] {
  return [
    ...waits.map((wait) => `waited ${wait.durationMs.toFixed(1)} ms: ${wait.reason}`),
    ...retries.map((retry) => `sent again after ${retry.node}: ${retry.reason}${codeOf(retry)}`),
    ...(repair === undefined ? [] : [`rejected by ${repair.node}: ${repair.reason}${codeOf(repair)}`]),
    ...(spill === undefined ? [] : [`on the primary in place of a replica: ${spill}`]),
    ...(error === undefined ? [] : [`failed: ${error.name}${codeOf(error)}`]),
  ]
}

function codeOf(failed: object): string {
  const code: unknown = Reflect.get(failed, 'code')
  return typeof code === 'string' ? `, ${code}` : ''
}
