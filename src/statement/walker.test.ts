import { describe, expect, test } from 'vitest'
import { TreeWalker } from './walker.ts'

describe('a node without a rule is a write', () => {
  test.each([
    ['a statement', { FancyStmt: {} }],
    ['a node', { SelectStmt: { targetList: [{ ResTarget: { val: { FancyExpr: {} } } }] } }],
    ['a node in a clause that is not known', { SelectStmt: { fancyClause: [{ FancyExpr: {} }] } }],
    ['a node in a field without a tag', { SelectStmt: { fancyClause: { inner: { FancyExpr: {} } } } }],
    [
      'a node below one that is known',
      { SelectStmt: { whereClause: { BoolExpr: { args: [{ FancyExpr: {} }] } } } },
    ],
    ['a node where a list should be', { SelectStmt: { whereClause: { BoolExpr: [] } } }],
    ['a query of analysis, not of grammar', { SelectStmt: { fromClause: [{ RangeTblRef: {} }] } }],
    ['a lock in a clause that is not known', { SelectStmt: { fancyClause: [{ LockingClause: {} }] } }],
    ['nothing', {}],
  ])('%s', (_, tree) => {
    expect(new TreeWalker().judge(tree)).toMatchObject({ kind: 'write', mayWrite: true })
  })

  test('a statement that is no object', () => {
    expect(new TreeWalker().judge(undefined)).toMatchObject({ kind: 'write', reason: 'unknown-statement' })
  })
})

test('a known tree is a read', () => {
  const tree = { SelectStmt: { targetList: [{ ResTarget: { val: { A_Const: {} } } }], op: 'SETOP_NONE' } }
  expect(new TreeWalker().judge(tree)).toMatchObject({ kind: 'read', reason: 'select' })
})
