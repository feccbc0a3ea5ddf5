import type { Statement } from './statement.ts'

/** Whether a statement may share its connection and be prepared: a single proven SELECT. */
export function mayShare({ kind, reason, multiple }: Statement): boolean {
  return kind === 'read' && !multiple && reason === 'select'
}
