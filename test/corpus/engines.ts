import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import type { Analysis, NameUse, SqlParser } from '../../src/statement/parser.ts'
import type { Statement } from '../../src/statement/statement.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'

const catalog = textOnlyCatalog(builtinCatalog)
const lists = ['functions', 'relations', 'operators', 'types'] as const

/** How the second engine judged a text. */
export interface Comparison {
  readonly judged: Statement
  /** In which ways that is less safe than the judgement of PostgreSQL's own grammar. */
  readonly flaws: readonly string[]
}

/** Both engines, loaded, side by side. */
export interface Engines {
  readonly second: SqlParser
  compare(sql: string): Comparison
}

export async function loadEngines(): Promise<Engines> {
  const first = createLibpgQueryParser()
  const second = createNodeSqlParser()
  await Promise.all([first.load(), second.load()])
  const compare = (sql: string): Comparison => {
    const others = second.analyze(sql)
    const judged = decide(others, catalog)
    // A text that is a write for the second engine cannot be taken for less.
    if (judged.kind === 'write' && judged.mayWrite && judged.leavesSessionState) return { judged, flaws: [] }
    return { judged, flaws: flaws(judged, others, first.analyze(sql)) }
  }
  return { second, compare }
}

function flaws(judged: Statement, others: Analysis, found: Analysis): readonly string[] {
  // A syntax error is one on every server.
  if (found.reason === 'unparseable') return []
  const expected = decide(found, catalog)
  return [
    ...(judged.kind === 'read' && expected.kind !== 'read' ? [`a read, and not a ${expected.kind}`] : []),
    ...(expected.mayWrite && !judged.mayWrite ? ['writes nothing'] : []),
    ...(expected.leavesSessionState && !judged.leavesSessionState ? ['leaves nothing'] : []),
    ...(others.kind === 'read' ? missing(found, others) : []),
  ]
}

/** Names that PostgreSQL's grammar found and the other engine did not. What syntax alone stands for is harmless. */
function missing(found: Analysis, others: Analysis): readonly string[] {
  const key = ({ schema, name }: NameUse): string => (schema === undefined ? name : `${schema}.${name}`)
  return lists.flatMap((list) => {
    const known = new Set(others[list].map(key))
    return found[list]
      .filter((use) => use.schema !== 'pg_catalog' && !known.has(key(use)))
      .map((use) => `${list}: ${key(use)}`)
  })
}
