import { offenderOf, spell } from '../findings.ts'
import {
  isNode,
  isTemporary,
  locationOf,
  nodeAt,
  relationNameOf,
  textAt,
  type TreeNode,
  type TreeValue,
} from '../tree.ts'
import { read } from '../verdict.ts'
import type { NodeRule, NodeRules, StatementRule, StatementRules, Walk } from '../walk.ts'

const select: NodeRule = (node, walk) => {
  walk.within(nodeAt(node, 'withClause'), () => {
    for (const field in node) selectField(field, node[field], walk)
  })
}

function selectField(field: string, value: TreeValue | undefined, walk: Walk): void {
  // These fields hold nodes without a tag.
  if (field === 'larg' || field === 'rarg') {
    if (isNode(value)) select(value, walk)
  } else if (field === 'intoClause') {
    if (isNode(value)) into(value, walk)
  } else if (field !== 'withClause') {
    walk.visit(value)
  }
}

function into(node: TreeNode, walk: Walk): void {
  const target = nodeAt(node, 'rel')
  if (target === undefined) return walk.findings.refuse('select-into')
  const offender = offenderOf(`INTO ${spell(relationNameOf(target))}`, locationOf(target))
  walk.findings.refuse('select-into', offender, { leaves: isTemporary(target) })
}

const clauses: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORUPDATE: 'FOR UPDATE',
}

const lock: NodeRule = (node, walk) => {
  walk.findings.refuse('row-lock', { text: clauses[textAt(node, 'strength')] ?? 'FOR UPDATE' })
}

export const selectNodes: NodeRules = { SelectStmt: select, LockingClause: lock }

const selectStatement: StatementRule = (node, walk) => {
  select(node, walk)
  return walk.findings.takeRefusal() ?? read('select')
}

export const selectStatements: StatementRules = { SelectStmt: selectStatement }
