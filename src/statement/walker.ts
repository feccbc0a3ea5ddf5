import type { QualifiedName } from '../catalog/catalog.ts'
import { Findings } from './findings.ts'
import { namesAll } from './names-all.ts'
import { connectionStatements } from './rules/connection.ts'
import { copyStatements } from './rules/copy.ts'
import { dataModifyingNodes, dataModifyingStatements } from './rules/data-modifying.ts'
import { definitionStatements } from './rules/definition.ts'
import { explainStatements } from './rules/explain.ts'
import { expressionRules } from './rules/expressions.ts'
import { nameRules, typeName } from './rules/names.ts'
import { selectNodes, selectStatements } from './rules/select.ts'
import { serverStatements } from './rules/server.ts'
import { settingStatements } from './rules/settings.ts'
import { transactionStatements } from './rules/transaction.ts'
import { isNode, listAt, textAt, unwrap, type TreeNode, type TreeValue } from './tree.ts'
import { unknown, type Verdict } from './verdict.ts'
import type { NodeRule, StatementRule, Walk } from './walk.ts'

const nodeRules: ReadonlyMap<string, NodeRule> = new Map(
  Object.entries({ ...expressionRules, ...nameRules, ...selectNodes, ...dataModifyingNodes }),
)

const statementRules: ReadonlyMap<string, StatementRule> = new Map(
  Object.entries({
    ...selectStatements,
    ...dataModifyingStatements,
    ...explainStatements,
    ...copyStatements,
    ...transactionStatements,
    ...settingStatements,
    ...connectionStatements,
    ...serverStatements,
    ...definitionStatements,
  }),
)

/** The names that a WITH clause gives, and those of the clauses around it. */
interface Scope {
  readonly names: Set<string>
  readonly outer: Scope | undefined
}

/** Applies the rules to one tree. */
export class TreeWalker implements Walk {
  #findings = new Findings()
  #scope: Scope | undefined

  get findings(): Findings {
    return this.#findings
  }

  judge(statement: TreeValue | undefined): Verdict {
    const [tag = ''] = isNode(statement) ? Object.keys(statement) : []
    const node = isNode(statement) ? statement[tag] : undefined
    const rule = statementRules.get(tag)
    if (!isNode(node) || !namesAll(tag, node)) this.#findings.isOpaque = true
    if (rule !== undefined && isNode(node)) return rule(node, this)
    return tag === '' ? unknown('unknown-statement') : unknown('unknown-statement', { text: tag })
  }

  visit(value: TreeValue | undefined): void {
    if (typeof value !== 'object' || value === null) return
    if (isList(value)) {
      for (const item of value) this.visit(item)
      return
    }
    for (const field in value) {
      const child = value[field]
      if (typeof child !== 'object' || child === null) continue
      if (isTag(field)) this.#apply(field, child)
      else if (field === 'typeName' && isNode(child)) typeName(child, this)
      else this.visit(child)
    }
  }

  aside(body: () => void): Findings {
    const outer = this.#findings
    const apart = new Findings()
    this.#findings = apart
    body()
    this.#findings = outer
    return apart
  }

  within(withClause: TreeNode | undefined, body: () => void): void {
    if (withClause === undefined) return body()
    const outer = this.#scope
    const names = new Set<string>()
    const ctes = listAt(withClause, 'ctes').map((item) => unwrap(item, 'CommonTableExpr'))
    this.#scope = { names, outer }
    // A query of a recursive clause sees all its names, another one those before its own.
    if (withClause['recursive'] === true) {
      for (const cte of ctes) if (cte !== undefined) names.add(textAt(cte, 'ctename'))
    }
    for (const cte of ctes) {
      if (cte === undefined) continue
      this.visit(cte)
      names.add(textAt(cte, 'ctename'))
    }
    body()
    this.#scope = outer
  }

  isBound({ schema, name }: QualifiedName): boolean {
    if (schema !== undefined) return false
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer)
      if (scope.names.has(name)) return true
    return false
  }

  #apply(tag: string, node: TreeNode | readonly TreeValue[]): void {
    const rule = nodeRules.get(tag)
    if (rule === undefined || isList(node))
      this.#findings.refuse('unknown-statement', { text: tag }, { leaves: true })
    else rule(node, this)
  }
}

function isList(value: TreeNode | readonly TreeValue[]): value is readonly TreeValue[] {
  return Array.isArray(value)
}

/** Tags are capitalised, fields are not. */
function isTag(field: string): boolean {
  const code = field.charCodeAt(0)
  return code >= 65 && code <= 90
}
