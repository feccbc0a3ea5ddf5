import type { Catalog } from '../catalog/catalog.ts'
import type { Analysis, SqlParser } from './parser.ts'
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

/**
 * A kind of statement that was found to belong to the primary, and what to declare so that nothing has to be found out.
 *
 * @example
 * pool.events.on('shapeLearned', ({ functions }: LearnedShape) => console.log(functions))
 */
export interface LearnedShape {
  /** Absent where the parser tells no shapes: then the one text is meant, to the letter. */
  readonly fingerprint?: string
  /**
   * Names in the statement that are not the system's own, as `declared` takes them. One of them, or something that it
   * uses, is what the standby refused.
   */
  readonly functions: readonly string[]
  readonly relations: readonly string[]
}

/** Turns SQL text into statements: cache, then parser, then catalog. */
export interface Judge {
  /** True when `judge` may be called. */
  readonly ready: boolean
  load(): Promise<void>
  judge(sql: string): Statement
  /** The names that a text uses. To be asked of what was judged a read. */
  analysis(sql: string): Analysis
  /**
   * To be called when a standby refused a text that was judged a read, and it then succeeded on the primary. From then
   * on statements of its shape are writes, with the reason `refused-by-standby`. That ends when the catalog changes,
   * which may have repaired the cause. Returns undefined when it was known already.
   */
  learn(sql: string): LearnedShape | undefined
  /** Forgets all judgements, and what was learned: the catalog is another one from now on. */
  forget(): void
}
