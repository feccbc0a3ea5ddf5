import type { PlPgSqlBody } from '../catalog/catalog.ts'
import { condensed, type Condensed } from './condensed.ts'
import type { EnginePool } from './engine-pool.ts'
import type { Findings } from './findings.ts'
import { givenNames } from './given-names.ts'
import { isGarbled } from './garbled.ts'
import { hintOf } from './hint.ts'
import { hasCommentRun, nestingOf } from './nesting.ts'
import { keyCandidates } from './key-candidates.ts'
import { lastingOf } from './lasting/lasting.ts'
import type { Analysis } from './parser.ts'
import { definitionOf } from './plpgsql/definition.ts'
import { queriesOf, type Records } from './plpgsql/queries.ts'
import { inCharacters, relocated } from './positions.ts'
import { settingsOf } from './rules/setting-changes.ts'
import { shapeOf } from './shape.ts'
import type { StatementReason } from './statement.ts'
import { isNode, listAt, unwrap, type TreeNode, type TreeValue } from './tree.ts'
import { strictestOf, unknown, type Verdict } from './verdict.ts'
import { TreeWalker } from './walker.ts'

/** The parser bears at least 1,300 levels on Node's default stack. Each level takes one character or more. */
const MAX_NESTING = 1_000
/** Each takes 2 to 5 µs, so that no text holds the event loop for much longer than 20 ms. */
const MAX_TOKENS = 5_000
/** A person writes one or two. */
const MAX_COMMENTS_IN_A_RUN = 64

/**
 * Analyzes texts by the trees of PostgreSQL's grammar. It is loaded with the parser: the first answer of a process does
 * not need it.
 */
export class TreeAnalyzer {
  readonly #engines: EnginePool

  constructor(engines: EnginePool) {
    this.#engines = engines
  }

  analyze(sql: string): Analysis {
    if (isGarbled(sql)) return refused('unparseable')
    const text = condensed(sql, MAX_TOKENS)
    if (isTooDeep(text.sql)) return refused('too-deep')
    if (text.tokens > MAX_TOKENS) return withHint(refused('too-large'), sql)
    const outcome = this.#engines.parse(text.sql)
    switch (outcome.kind) {
      case 'parsed':
        return withHint(analyzeTree(outcome.json, text, text.sql === sql), sql)
      case 'no-sql':
        return withHint(refused('unparseable'), sql)
      case 'crashed':
        return refused(outcome.cause instanceof RangeError ? 'too-deep' : 'unparseable')
      case 'unavailable':
        return { ...refused('unparseable'), isProvisional: true }
    }
  }

  fingerprint(sql: string): string | undefined {
    return this.#fromTree(sql, shapeOf)
  }

  givenNames(sql: string): readonly string[] | undefined {
    return this.#fromTree(sql, (tree) => givenNames(listAt(tree, 'stmts')))
  }

  queriesIn(body: PlPgSqlBody, records?: Records): readonly string[] | undefined {
    const definition = definitionOf(body)
    if (isGarbled(definition) || isTooDeep(body.text)) return undefined
    if (condensed(body.text, MAX_TOKENS).tokens > MAX_TOKENS) return undefined
    const outcome = this.#engines.parse(definition, 'plpgsql')
    if (outcome.kind !== 'parsed') return undefined
    try {
      return queriesOf(outcome.json, body.text, records)
    } catch {
      // The tree's own depth may exhaust the stack that the parser did not.
      return undefined
    }
  }

  #fromTree<Value>(sql: string, found: (tree: TreeNode) => Value): Value | undefined {
    if (isGarbled(sql)) return undefined
    const text = condensed(sql, MAX_TOKENS)
    if (text.tokens > MAX_TOKENS || isTooDeep(text.sql)) return undefined
    const outcome = this.#engines.parse(text.sql)
    if (outcome.kind !== 'parsed') return undefined
    try {
      return found(JSON.parse(outcome.json) as TreeNode)
    } catch {
      // The tree's own depth may exhaust the stack that the parser did not.
      return undefined
    }
  }
}

function isTooDeep(sql: string): boolean {
  if (sql.length <= MAX_NESTING) return false
  return nestingOf(sql, MAX_NESTING) > MAX_NESTING || hasCommentRun(sql, MAX_COMMENTS_IN_A_RUN)
}

/** @param isWhole Whether nothing was left out of the text: only then all of its literals are seen. */
function analyzeTree(json: string, { sql, originalOf }: Condensed, isWhole: boolean): Analysis {
  try {
    const tree = JSON.parse(json) as TreeNode
    const walker = new TreeWalker()
    const statements = listAt(tree, 'stmts')
    const verdicts = statements.map((statement) => judgeStatement(statement, walker))
    const found = toAnalysis(strictestOf(verdicts), verdicts.length > 1, walker.findings)
    const settings = settingsOf(statements, walker.findings.settingCalls)
    const select = isWhole && isSingleRead(found) ? selectIn(statements) : undefined
    const keys = isWhole ? keysIn(statements, sql, walker.findings) : undefined
    if (settings !== undefined) found.settings = settings
    if (keys !== undefined) found.keys = keys
    if (select !== undefined) found.lasting = lastingOf(select)
    const analysis = inCharacters<Analysis>(found, sql)
    return isWhole ? analysis : relocated(analysis, originalOf)
  } catch (error) {
    // The tree's own depth may exhaust the stack that the parser did not.
    return refused(error instanceof RangeError ? 'too-deep' : 'unparseable')
  }
}

function isSingleRead({ kind, multiple, reason }: Analysis): boolean {
  return kind === 'read' && reason === 'select' && !multiple
}

function selectIn([statement]: readonly TreeValue[]): TreeNode | undefined {
  return isNode(statement) ? unwrap(statement['stmt'], 'SelectStmt') : undefined
}

function keysIn(
  statements: readonly TreeValue[],
  sql: string,
  { isOpaque, relations }: Findings,
): Analysis['keys'] {
  const [statement] = statements
  const node = isNode(statement) && statements.length === 1 && !isOpaque ? statement['stmt'] : undefined
  return isNode(node) ? keyCandidates(node, sql, (name) => relations.isRepeated(name)) : undefined
}

type Unfinished<Value> = { -readonly [Field in keyof Value]: Value[Field] }

/** Property by property: spreading takes longer than the walk. */
function toAnalysis(verdict: Verdict, multiple: boolean, findings: Findings): Unfinished<Analysis> {
  const { kind, reason, offender, leaves, modes, mayWrite, leavesSessionState } = verdict
  const { targets } = findings
  const analysis: Unfinished<Analysis> = {
    kind,
    reason,
    mayWrite,
    leavesSessionState,
    multiple,
    functions: findings.functions.uses(),
    relations: findings.relations.uses(),
    operators: findings.operators.uses(),
    attributes: findings.attributes.uses(),
    types: findings.types.uses(),
  }
  if (targets !== undefined) analysis.targets = targets
  if (offender !== undefined) analysis.offender = offender
  if (leaves !== undefined) analysis.leaves = leaves
  if (modes !== undefined) analysis.modes = modes
  return analysis
}

function judgeStatement(statement: TreeValue, walker: TreeWalker): Verdict {
  return isNode(statement) ? walker.judge(statement['stmt']) : unknown('unknown-statement')
}

function withHint(analysis: Analysis, sql: string): Analysis {
  const hint = hintOf(sql)
  return hint === undefined ? analysis : { ...analysis, hint }
}

function refused(reason: StatementReason): Analysis {
  return { ...unknown(reason), multiple: false, functions: [], relations: [], operators: [], types: [] }
}
