import type { Access } from '../../catalog/footprint.ts'
import { offenderOf } from '../findings.ts'
import { listAt, locationOf, nodeAt, textAt, unwrap, type TreeNode } from '../tree.ts'
import { leaving, write } from '../verdict.ts'
import type { NodeRule, NodeRules, StatementRule, StatementRules, Walk } from '../walk.ts'
import { relation, target } from './names.ts'

const walkThrough: NodeRule = (node, walk) => walk.visit(node)

/** Gathers the names: of what is changed, and of all that is used for it. */
function gather(node: TreeNode, access: readonly Access[], walk: Walk): void {
  const changed = nodeAt(node, 'relation')
  if (changed !== undefined) relation(changed, walk)
  for (const each of access) target(changed, each, walk, access === UPDATED ? assignedBy(node) : undefined)
  const conflict = nodeAt(node, 'onConflictClause')
  const isUpdated = conflict !== undefined && textAt(conflict, 'action') !== 'ONCONFLICT_NOTHING'
  if (isUpdated) target(changed, 'update', walk, assignedBy(conflict))
  walk.within(nodeAt(node, 'withClause'), () => {
    for (const field in node) if (field !== 'withClause' && field !== 'relation') walk.visit(node[field])
  })
}

const UPDATED: readonly Access[] = ['update']

/** The columns that a list of assignments names. */
function assignedBy(node: TreeNode): readonly string[] {
  return listAt(node, 'targetList').map((item) => textAt(unwrap(item, 'ResTarget') ?? {}, 'name'))
}

function nested(text: string, access: readonly Access[]): NodeRule {
  return (node, walk) => {
    const changed = nodeAt(node, 'relation')
    walk.findings.refuse(
      'data-modifying-cte',
      offenderOf(text, changed === undefined ? undefined : locationOf(changed)),
    )
    gather(node, access, walk)
  }
}

/** Which of them a MERGE does depends on its rows. */
const MERGED: readonly Access[] = ['insert', 'update', 'delete']

/** Where a query may stand, these stand only in a WITH clause. */
export const dataModifyingNodes: NodeRules = {
  InsertStmt: nested('INSERT', ['insert']),
  UpdateStmt: nested('UPDATE', UPDATED),
  DeleteStmt: nested('DELETE', ['delete']),
  MergeStmt: nested('MERGE', MERGED),
  CurrentOfExpr: (_, walk) => {
    // The row is that of a cursor, whose query stands elsewhere.
    walk.findings.isOpaque = true
  },
  IndexElem: walkThrough,
  MergeSupportFunc: walkThrough,
  MergeWhenClause: walkThrough,
  MultiAssignRef: walkThrough,
  ReturningOption: walkThrough,
  SetToDefault: walkThrough,
}

function topLevel(text: string, access: readonly Access[]): StatementRule {
  return (node, walk) => {
    gather(node, access, walk)
    walk.findings.takeRefusal()
    return write('data-modifying', { text })
  }
}

/** To update the view of the settings is to make them, for the session. */
const update: StatementRule = (node, walk) => {
  const verdict = topLevel('UPDATE', UPDATED)(node, walk)
  return textAt(nodeAt(node, 'relation') ?? {}, 'relname') === 'pg_settings'
    ? leaving(verdict, 'setting')
    : verdict
}

const truncate: StatementRule = (node, walk) => {
  const access = textAt(node, 'behavior') === 'DROP_CASCADE' ? 'truncate-cascade' : 'truncate'
  for (const item of listAt(node, 'relations')) target(unwrap(item, 'RangeVar'), access, walk)
  return write('data-modifying', { text: 'TRUNCATE' })
}

export const dataModifyingStatements: StatementRules = {
  InsertStmt: topLevel('INSERT', ['insert']),
  UpdateStmt: update,
  DeleteStmt: topLevel('DELETE', ['delete']),
  MergeStmt: topLevel('MERGE', MERGED),
  TruncateStmt: truncate,
}
