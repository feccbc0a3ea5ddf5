import { beforeAll, describe, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import type { Analysis, NameUse } from '../../src/statement/parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'
import { mutations } from './mutations.ts'
import { readOutcomes } from './outcomes.ts'
import { score, scoreTable } from './score.ts'

const first = createLibpgQueryParser()
const second = createNodeSqlParser()
const catalog = textOnlyCatalog(builtinCatalog)
beforeAll(() => Promise.all([first.load(), second.load()]))

const lists = ['functions', 'relations', 'operators', 'types'] as const

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

/** In which ways the second engine's judgement of a text is less safe than the first one's. */
function flaws(sql: string): readonly string[] {
  const others = second.analyze(sql)
  const judged = decide(others, catalog)
  // A text that is a write for the second engine cannot be taken for less.
  if (judged.kind === 'write' && judged.mayWrite && judged.leavesSessionState) return []
  const found = first.analyze(sql)
  const expected = decide(found, catalog)
  // A syntax error is one on every server.
  const isError = found.reason === 'unparseable'
  return [
    ...(!isError && judged.kind === 'read' && expected.kind !== 'read'
      ? [`a read, and not a ${expected.kind}`]
      : []),
    ...(!isError && expected.mayWrite && !judged.mayWrite ? ['writes nothing'] : []),
    ...(!isError && expected.leavesSessionState && !judged.leavesSessionState ? ['leaves nothing'] : []),
    ...(others.kind === 'read' && !isError ? missing(found, others) : []),
  ]
}

describe('node-sql-parser is never less safe than PostgreSQL', () => {
  test('on what real servers were asked', { timeout: 180_000 }, () => {
    const outcomes = readOutcomes()
    expect(outcomes.flatMap(({ sql }) => flaws(sql).map((flaw) => ({ sql, flaw })))).toEqual([])
    const judge = (sql: string): ReturnType<typeof decide> => decide(second.analyze(sql), catalog)
    process.stdout.write(`${scoreTable({ [second.name]: score(outcomes, judge) })}\n`)
  })

  test('on texts put together from pieces of others', { timeout: 180_000 }, () => {
    const texts = mutations(
      readOutcomes().map(({ sql }) => sql),
      3_000,
      7,
    )
    expect(texts.flatMap((sql) => flaws(sql).map((flaw) => ({ sql, flaw })))).toEqual([])
  })
})
