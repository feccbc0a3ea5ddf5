import { EVERYTHING, UNCERTAIN, withoutChanges } from '../catalog/footprint.ts'
import type { Statement } from './statement.ts'

const known = new WeakMap<Statement, Statement>()

/** Returns a statement as long as the schema may have changed: without a bounded footprint. */
export function uncertainly(statement: Statement): Statement {
  const { footprint, kind, mayWrite } = statement
  if (footprint.changes === 'everything' || (kind !== 'read' && !mayWrite)) return statement
  let uncertain = known.get(statement)
  if (uncertain === undefined) {
    const everything = kind === 'read' ? withoutChanges(EVERYTHING) : UNCERTAIN
    uncertain = Object.freeze<Statement>({ ...statement, footprint: everything })
    known.set(statement, uncertain)
  }
  return uncertain
}
