import type { RoutedQuery } from './client/host.ts'
import type { PlainRead } from './nodes/plain-read.ts'
import type { Statement } from './statement/statement.ts'

/**
 * Whether a statement may share its connection with others, and may be prepared: a single proven SELECT. Nothing that is
 * expected of the connection itself can be had there.
 */
function canRide({ kind, reason, multiple }: Statement): boolean {
  return kind === 'read' && !multiple && (reason === 'select' || reason === 'declared-read-only')
}

/** The query as a plain read, where it is one. */
export function plainOf(statement: Statement, { plain }: RoutedQuery): PlainRead | undefined {
  return canRide(statement) ? plain?.() : undefined
}
