import type { FunctionBody } from '../catalog/catalog.ts'
import type { NamedUses } from '../catalog/footprint.ts'
import type { SqlParser } from './parser.ts'

/** The names that a function's body uses, in each of its texts. Undefined where it may run a text that is not in it. */
export function usesIn(parser: SqlParser, body: FunctionBody): readonly NamedUses[] | undefined {
  const texts = body.language === 'sql' ? [body.text] : parser.queriesIn?.(body, 'any-record')
  const uses = texts?.map((sql) => parser.analyze(sql))
  return uses?.every(({ isProvisional, targets }) => targets !== undefined && isProvisional !== true)
    ? uses
    : undefined
}
