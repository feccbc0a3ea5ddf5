import type { RoutedQuery } from './client/host.ts'
import type { PlainQuery } from './nodes/plain-query.ts'
import { Journal } from './settings/journal.ts'
import type { Statement } from './statement/statement.ts'

/**
 * Whether a statement may share its connection with others, and may be prepared: a single proven SELECT. Nothing that is
 * expected of the connection itself can be had there.
 */
function canRide({ kind, reason, multiple }: Statement): boolean {
  return kind === 'read' && !multiple && (reason === 'select' || reason === 'declared-read-only')
}

/**
 * Whether a statement that is no read may be prepared: a single INSERT, UPDATE, DELETE or MERGE that leaves nothing on its
 * connection. Such a statement is done as a whole or not at all.
 */
function isPlainWrite({ kind, leavesSessionState, multiple, reason }: Statement): boolean {
  const isModifying = reason === 'data-modifying' || reason === 'data-modifying-cte'
  return kind === 'write' && isModifying && !multiple && !leavesSessionState
}

/**
 * The query as a plain one, where it is that, and its session has set nothing that would have to be set on its connection.
 * @param ofPool The pool's own settings: a query's, unless it has others.
 */
export function plainOf(
  statement: Statement,
  { journal, plain }: RoutedQuery,
  ofPool: Journal,
): PlainQuery | undefined {
  if ((journal ?? ofPool) !== Journal.empty) return undefined
  if (canRide(statement)) return plain?.()
  const query = isPlainWrite(statement) ? plain?.() : undefined
  // Without values node-postgres sends it as a simple query. Its answer has what rules select beside it; not so with a name.
  return query?.values !== undefined && query.values.length > 0 ? query : undefined
}
