import type { RoutedQuery } from '../client/router-port.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import { Journal } from '../settings/journal.ts'
import type { Statement } from '../statement/statement.ts'

/**
 * Whether a statement may share its connection with others, and may be prepared: a single proven SELECT. Nothing that is
 * expected of the connection itself can be had there.
 */
function canRide({ kind, reason, multiple }: Statement): boolean {
  return kind === 'read' && !multiple && (reason === 'select' || reason === 'declared-read-only')
}

/** The schema in which it may be prepared. */
function schemaOf({ naming }: Statement): string | undefined {
  return naming !== undefined && 'schema' in naming ? naming.schema : undefined
}

/**
 * The query as a shareable read, where it is one: nothing has to be set on its connection, and no listener of `acquire` does
 * anything there.
 * @param ofPool The pool's own settings: a query's, unless it has others.
 */
export function shareableOf(
  statement: Statement,
  { acquire, journal, shareable }: RoutedQuery,
  ofPool: Journal,
): ShareableRead | undefined {
  if (acquire !== undefined) return undefined
  if ((journal ?? ofPool) !== Journal.empty) return undefined
  return canRide(statement) ? shareable?.(schemaOf(statement)) : undefined
}
