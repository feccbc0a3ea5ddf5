import { nodeAt } from '../tree.ts'
import { read, write } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'
import { relation, target } from './names.ts'

const copy: StatementRule = (node, walk) => {
  if (node['is_program'] === true) return write('copy-program', { text: 'PROGRAM' })
  if (node['is_from'] === true) {
    target(node['relation'], 'insert', walk)
    walk.visit(node['whereClause'])
    walk.findings.takeRefusal()
    return write('copy-from', { text: 'COPY FROM' })
  }
  // A file of the server that runs it.
  if (node['filename'] !== undefined) return write('copy-to-file', { text: 'COPY TO' })
  const source = nodeAt(node, 'relation')
  if (source !== undefined) relation(source, walk)
  const verdict = node['query'] === undefined ? undefined : walk.judge(node['query'])
  return verdict === undefined || verdict.kind === 'read' ? read('copy-to') : verdict
}

export const copyStatements: StatementRules = { CopyStmt: copy }
