import type { Catalog } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import type { SqlParser } from './parser.ts'

/** True when a text, such as a function's body, is proven to be nothing but queries that a replica may run. */
export function provesRead(parser: SqlParser, sql: string, catalog: Catalog): boolean {
  const { kind, reason } = decide(parser.analyze(sql), catalog)
  return kind === 'read' && reason === 'select'
}
