import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { mentionsIn } from './mentions.ts'
import type { Statement } from './statement.ts'
import { textOnlyCatalog } from './text-only-catalog.ts'

/**
 * Options of `classify()`.
 *
 * @example
 * const options: ClassifyOptions = { assumeTables: false }
 */
export interface ClassifyOptions {
  /** The catalog of the database. @defaultValue only PostgreSQL's own functions and relations */
  readonly catalog?: Catalog
  /**
   * Treats relations that the catalog does not know as ordinary tables, so that the text alone decides. Otherwise
   * reading them is a write with the reason `catalog-pending`.
   *
   * @defaultValue true
   */
  readonly assumeTables?: boolean
}

/**
 * Judges one SQL text without running it and without a database: `(await classify('SELECT now()')).kind` is `'read'`.
 * Nothing is cached.
 *
 * @throws SwitchyardError `SWITCHYARD_PARSER_UNAVAILABLE` when the parser cannot be loaded
 * @example
 * const { kind, reason } = await classify('SELECT now()')
 * console.log(kind, reason) // read select
 */
export async function classify(sql: string, options: ClassifyOptions = {}): Promise<Statement> {
  const parser = createLibpgQueryParser()
  await parser.load()
  const { catalog = builtinCatalog, assumeTables = true } = options
  const known = assumeTables ? textOnlyCatalog(catalog) : catalog
  return decide(parser.analyze(sql), known, mentionsIn(sql))
}
