import type { Catalog } from '../catalog/catalog.ts'
import type { SqlParser } from './parser.ts'
import type { Statement } from './statement.ts'

export interface JudgeOptions {
  readonly parser: SqlParser
  /** The catalog in force; asked on every judgement. */
  readonly catalog: () => Catalog
  /** Upper bound of the cache, in bytes of text and analysis. */
  readonly cacheBytes: number
  /** Longer texts are not parsed: they are writes, with the reason `too-large`. In bytes of UTF-8. */
  readonly maxSqlBytes: number
}

/** Turns SQL text into statements: cache, then parser, then catalog. */
export interface Judge {
  /** True when `judge` may be called. */
  readonly ready: boolean
  load(): Promise<void>
  judge(sql: string): Statement
}
