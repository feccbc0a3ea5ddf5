import type { Statement } from './statement/statement.ts'

/**
 * Whether a statement may share its connection with others, and may be prepared: a single proven SELECT. Nothing that is
 * expected of the connection itself can be had there.
 */
export function canRide({ kind, reason, multiple }: Statement): boolean {
  return kind === 'read' && !multiple && (reason === 'select' || reason === 'declared-read-only')
}
