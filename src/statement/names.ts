import type { Judge } from './judge.ts'
import type { SqlParser } from './parser.ts'
import { standsApart } from './stands-apart.ts'
import { folded, tellsNames, wordsOf } from './words.ts'

/** Which names texts give, and which they mean. */
export interface NameReader {
  /**
   * Returns the names that a relation or type may have after this text, folded: every word of it where its tree does
   * not tell. Undefined when it may be referred to by other names too.
   */
  givenBy(sql: string): readonly string[] | undefined
  /** Whether a read means nothing that has one of these names, which are folded. */
  standsApart(sql: string, values: readonly unknown[], names: ReadonlySet<string>): boolean
}

export function nameReader(judge: Judge, parser: SqlParser): NameReader {
  return {
    givenBy: (sql) => parser.givenNames?.(sql)?.map(folded) ?? (tellsNames(sql) ? wordsOf(sql) : undefined),
    standsApart: (sql, values, names) => standsApart(judge.analysis(sql), sql, values, names),
  }
}
