import { rowsUnseen, type OwnQuery } from '../platform/unseen.ts'

/**
 * Takes the limits of the role, the database and the connection from the statements behind it in the same text, and from
 * nothing else: what is set here ends with the text, also behind a pooler. No query, so that isolation may be set behind it.
 */
const WITHOUT_LIMITS = 'set local statement_timeout = 0; set local lock_timeout = 0; '

/** Clients of which a question was cut by a limit. */
const limited = new WeakSet<object>()

/** Asks without limits. Gives the rows of the text's last statement. */
export function rowsWithoutLimits(client: object, text: string): Promise<readonly unknown[]> {
  return rowsUnseen(client, WITHOUT_LIMITS + text)
}

/**
 * Asks as cheaply as may be: from the first time that a limit has cut a question of this owner, it asks without limits. Gives
 * the rows as arrays.
 */
export async function rowsInSpiteOfLimits(
  owner: object,
  client: object,
  text: string,
): Promise<readonly unknown[]> {
  const question: OwnQuery = { text, rowMode: 'array' }
  const unlimited: OwnQuery = { ...question, text: WITHOUT_LIMITS + text }
  if (limited.has(owner)) return rowsUnseen(client, unlimited)
  try {
    return await rowsUnseen(client, question)
  } catch (error) {
    if (!isLimit(error)) throw error
    limited.add(owner)
    return rowsUnseen(client, unlimited)
  }
}

/** query_canceled and lock_not_available: the server answers, so it lives. */
function isLimit(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return code === '57014' || code === '55P03'
}
