import type { QualifiedName } from '../catalog/catalog.ts'
import type { Findings } from './findings.ts'
import type { TreeNode, TreeValue } from './tree.ts'
import type { Verdict } from './verdict.ts'

/** The interface of a rule to the walk through a tree. */
export interface Walk {
  readonly findings: Findings
  /** Applies the rules to a wrapped node, to each item of a list, or to each field of a node without a tag. */
  visit(value: TreeValue | undefined): void
  /** Judges a wrapped statement, as EXPLAIN and COPY contain one. */
  judge(statement: TreeValue | undefined): Verdict
  /** Runs `body` and returns what it found, apart from `findings`. */
  aside(body: () => void): Findings
  /** Walks what has a WITH clause: first the clause, then `body` with the clause's names in sight. */
  within(withClause: TreeNode | undefined, body: () => void): void
  /** True when the text itself gives this name to something, so that it stands for no relation of the database. */
  isBound(name: QualifiedName): boolean
}

/** Rule for a kind of node that may occur in a read. */
export type NodeRule = (node: TreeNode, walk: Walk) => void

/** Rule for a kind of statement. */
export type StatementRule = (node: TreeNode, walk: Walk) => Verdict

export type NodeRules = Readonly<Record<string, NodeRule>>
export type StatementRules = Readonly<Record<string, StatementRule>>
