import type { Catalog, FunctionBody } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import type { SqlParser } from './parser.ts'

/**
 * True when a function's body is proven to consist of queries that a replica may run, and harmless steps between.
 */
export function provesRead(parser: SqlParser, body: FunctionBody, catalog: Catalog): boolean {
  const queries = body.language === 'sql' ? [body.text] : parser.queriesIn?.(body)
  return queries?.every((sql) => isQuery(parser, sql, catalog)) ?? false
}

function isQuery(parser: SqlParser, sql: string, catalog: Catalog): boolean {
  const { kind, reason } = decide(parser.analyze(sql), catalog)
  return kind === 'read' && reason === 'select'
}
