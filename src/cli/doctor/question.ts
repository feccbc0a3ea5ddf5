import type { Client, QueryArrayResult } from 'pg'
import { isRefusal } from '../../topology/wording.ts'
import type { Answer } from './facts.ts'

/** Limit of one question on the server; the client waits a little longer. */
const QUESTION_TIMEOUT_MS = 5_000
export const ANSWER_TIMEOUT_MS = 7_000

const INSUFFICIENT_PRIVILEGE = '42501'
const QUERY_CANCELED = '57014'

export type Row = readonly (string | null)[]

const asText = { getTypeParser: () => (value: unknown) => value }

/**
 * Asks one question in a read-only transaction of its own, which also works behind a pooler: one text, one round trip.
 * All values come as text.
 */
export async function ask(client: Client, sql: string): Promise<readonly Row[]> {
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL statement_timeout = ${QUESTION_TIMEOUT_MS};
SET LOCAL search_path = pg_catalog;
${sql};
ROLLBACK`
  try {
    const results: unknown = await client.query({ text, rowMode: 'array', types: asText })
    return (results as readonly QueryArrayResult<(string | null)[]>[]).at(-2)?.rows ?? []
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Asks a question whose failure is an answer, too. */
export async function answer<T>(
  client: Client,
  sql: string,
  read: (rows: readonly Row[]) => T,
): Promise<Answer<T>> {
  return attempt(async () => read(await ask(client, sql)))
}

/** Runs `work`. Returns in a few words why it failed, if it did. */
export async function attempt<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { known: await work() }
  } catch (error) {
    return { unknown: whyNot(error), ...(isRefusal(error) && { isRefused: true }) }
  }
}

function whyNot(error: unknown): string {
  const { code, message } = error as Error & { readonly code?: string }
  if (code === INSUFFICIENT_PRIVILEGE) return `the login lacks the right (${message})`
  if (code === QUERY_CANCELED || message === 'Query read timeout') {
    return `no answer within ${QUESTION_TIMEOUT_MS} ms`
  }
  return message.replace(/\s*\n\s*/g, ' ')
}

/** Reads the first column of JSON rows. */
export function jsonRows(rows: readonly Row[]): readonly unknown[] {
  return rows.map(([json]) => JSON.parse(json ?? 'null') as unknown)
}
