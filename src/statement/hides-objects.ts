import { TEMPORARY_PATH } from './mentions.ts'
import type { Statement } from './statement.ts'

/**
 * Whether a statement may leave objects on its connection that no catalog knows. Temporary tables and types hide others
 * of their name, and their triggers and checks may change other relations.
 * @param path The `search_path` that was set before, if any.
 */
export function mayHideObjects(statement: Statement, path: string | undefined): boolean {
  const { footprint, leaves = [], mentions = [], multiple, reason } = statement
  if (leaves.includes('temporary-object') || leaves.includes('library')) return true
  if (mentions.includes('temporary-schema')) return true
  // A function with a bounded footprint creates nothing.
  if (leaves.includes('unknown') && footprint.changes === 'everything') return true
  return (reason === 'ddl' || reason === 'select-into' || multiple) && TEMPORARY_PATH.test(path ?? '')
}
