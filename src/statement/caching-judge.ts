import { LRUCache } from 'lru-cache'
import type { Catalog } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import type { Judge, JudgeOptions } from './judge.ts'
import type { Analysis } from './parser.ts'
import type { Statement } from './statement.ts'

interface Entry {
  readonly analysis: Analysis
  /** The version of the catalog that `statement` was decided with. */
  catalogVersion: number
  statement: Statement
}

const TOO_LARGE: Statement = Object.freeze({
  kind: 'write',
  reason: 'too-large',
  mayWrite: true,
  leavesSessionState: true,
  multiple: false,
})

export function createJudge(options: JudgeOptions): Judge {
  return new CachingJudge(options)
}

class CachingJudge implements Judge {
  readonly #options: JudgeOptions
  readonly #entries: LRUCache<string, Entry>
  #isReady = false

  constructor(options: JudgeOptions) {
    this.#options = options
    this.#entries = new LRUCache({
      maxSize: options.cacheBytes,
      sizeCalculation: ({ analysis }, sql) => sizeOf(analysis, sql),
    })
  }

  get ready(): boolean {
    return this.#isReady
  }

  async load(): Promise<void> {
    await this.#options.parser.load()
    this.#isReady = true
  }

  judge(sql: string): Statement {
    const catalog = this.#options.catalog()
    const entry = this.#entries.get(sql)
    if (entry === undefined) return this.#judgeAnew(sql, catalog)
    if (entry.catalogVersion !== catalog.version) {
      entry.statement = decide(entry.analysis, catalog)
      entry.catalogVersion = catalog.version
    }
    return entry.statement
  }

  #judgeAnew(sql: string, catalog: Catalog): Statement {
    if (isLongerThan(sql, this.#options.maxSqlBytes)) return TOO_LARGE
    const analysis = this.#options.parser.analyze(sql)
    const statement = decide(analysis, catalog)
    if (analysis.isProvisional !== true) {
      this.#entries.set(sql, { analysis, statement, catalogVersion: catalog.version })
    }
    return statement
  }
}

/** A UTF-16 unit takes one to three bytes of UTF-8, so most texts need not be counted. */
function isLongerThan(sql: string, maxBytes: number): boolean {
  if (sql.length > maxBytes) return true
  return sql.length * 3 > maxBytes && Buffer.byteLength(sql) > maxBytes
}

const ENTRY_BYTES = 400
const NAME_BYTES = 120

/** What an entry takes in memory, roughly: two bytes a character, and the names. */
function sizeOf(analysis: Analysis, sql: string): number {
  const { functions, relations, operators, types, attributes = [] } = analysis
  const names = functions.length + relations.length + operators.length + types.length + attributes.length
  return ENTRY_BYTES + 2 * sql.length + NAME_BYTES * names
}
