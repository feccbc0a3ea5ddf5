import { offenderOf } from '../findings.ts'
import { locationOf, nodeAt, textAt } from '../tree.ts'
import { leaving, write } from '../verdict.ts'
import type { NodeRule, NodeRules, StatementRule, StatementRules } from '../walk.ts'
import { relation } from './names.ts'

const walkThrough: NodeRule = (node, walk) => walk.visit(node)

/** Gathers the names, so that session state which the statement leaves by the way is seen. */
const gather: NodeRule = (node, walk) => {
  const target = nodeAt(node, 'relation')
  if (target !== undefined) relation(target, walk)
  walk.within(nodeAt(node, 'withClause'), () => {
    for (const field in node) if (field !== 'withClause' && field !== 'relation') walk.visit(node[field])
  })
}

function nested(text: string): NodeRule {
  return (node, walk) => {
    const target = nodeAt(node, 'relation')
    walk.findings.refuse(
      'data-modifying-cte',
      offenderOf(text, target === undefined ? undefined : locationOf(target)),
    )
    gather(node, walk)
  }
}

/** Where a query may stand, these stand only in a WITH clause. */
export const dataModifyingNodes: NodeRules = {
  InsertStmt: nested('INSERT'),
  UpdateStmt: nested('UPDATE'),
  DeleteStmt: nested('DELETE'),
  MergeStmt: nested('MERGE'),
  CurrentOfExpr: walkThrough,
  IndexElem: walkThrough,
  MergeSupportFunc: walkThrough,
  MergeWhenClause: walkThrough,
  MultiAssignRef: walkThrough,
  ReturningOption: walkThrough,
  SetToDefault: walkThrough,
}

function topLevel(text: string): StatementRule {
  return (node, walk) => {
    gather(node, walk)
    walk.findings.takeRefusal()
    return write('data-modifying', { text })
  }
}

/** To update the view of the settings is to make them, for the session. */
const update: StatementRule = (node, walk) => {
  const verdict = topLevel('UPDATE')(node, walk)
  const target = nodeAt(node, 'relation')
  return textAt(target ?? {}, 'relname') === 'pg_settings' ? leaving(verdict, 'setting') : verdict
}

export const dataModifyingStatements: StatementRules = {
  InsertStmt: topLevel('INSERT'),
  UpdateStmt: update,
  DeleteStmt: topLevel('DELETE'),
  MergeStmt: topLevel('MERGE'),
  TruncateStmt: () => write('data-modifying', { text: 'TRUNCATE' }),
}
