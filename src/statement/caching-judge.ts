import { LRUCache } from 'lru-cache'
import type { Catalog } from '../catalog/catalog.ts'
import { EVERYTHING } from '../catalog/footprint.ts'
import { blanked } from './blanked.ts'
import { boundTo, type Text } from './bound-keys.ts'
import { declarable } from './declarable.ts'
import { decide } from './decide.ts'
import type { Judge, JudgeOptions, LearnedShape } from './judge.ts'
import { LearnedShapes } from './learned-shapes.ts'
import { mentionsIn } from './mentions.ts'
import type { Analysis } from './parser.ts'
import type { Statement } from './statement.ts'
import { unknown } from './verdict.ts'

interface Entry {
  readonly analysis: Analysis
  /** The version of the catalog that `statement` was decided with. */
  catalogVersion: number
  statement: Statement
  /** Found out by another text: where things stand in this one is not known. */
  readonly isBorrowed?: boolean
}

/** A proven read, by its text without constants. */
interface Shape {
  readonly analysis: Analysis
  /** The text that was analyzed. */
  readonly text: Text
}

/** Kept by the text without its constants. */
const MOST_SHAPES = 2_000

const TOO_LARGE: Statement = Object.freeze<Statement>({
  kind: 'write',
  reason: 'too-large',
  mayWrite: true,
  leavesSessionState: true,
  leaves: ['unknown'],
  footprint: EVERYTHING,
  multiple: false,
})

export function createJudge(options: JudgeOptions): Judge {
  return new CachingJudge(options)
}

class CachingJudge implements Judge {
  readonly #options: JudgeOptions
  readonly #entries: LRUCache<string, Entry>
  #madeShapes: LRUCache<string, Shape> | undefined
  readonly #learned: LearnedShapes
  /** The last loaded catalog that was used: the learned shapes belong to it. */
  #learnedVersion = 0
  #isReady = false

  constructor(options: JudgeOptions) {
    this.#options = options
    this.#learned = new LearnedShapes(options.parser)
    this.#entries = new LRUCache({
      maxSize: options.cacheBytes,
      sizeCalculation: ({ analysis, isBorrowed }, sql) =>
        isBorrowed === true ? ENTRY_BYTES + 2 * sql.length : sizeOf(analysis, sql),
    })
  }

  /** Made for the first statement: it takes memory and time in advance. */
  get #shapes(): LRUCache<string, Shape> {
    return (this.#madeShapes ??= new LRUCache({
      max: MOST_SHAPES,
      maxSize: 2 ** 21,
      sizeCalculation: ({ text }) => text.shape.length + text.sql.length,
    }))
  }

  get ready(): boolean {
    return this.#isReady
  }

  async load(): Promise<void> {
    await this.#options.parser.load()
    this.#isReady = true
  }

  judge(sql: string): Statement {
    const catalog = this.#catalog()
    const entry = this.#entries.get(sql)
    if (entry === undefined) return this.#judgeAnew(sql, catalog)
    if (entry.catalogVersion !== catalog.version) {
      if (entry.isBorrowed === true) return this.#judgeAnew(sql, catalog)
      entry.statement = this.#decide(sql, entry.analysis, catalog)
      entry.catalogVersion = catalog.version
    }
    return entry.statement
  }

  analysis(sql: string): Analysis {
    const entry = this.#entries.peek(sql)
    return entry === undefined || entry.isBorrowed === true
      ? this.#options.parser.analyze(sql)
      : entry.analysis
  }

  learn(sql: string): LearnedShape | undefined {
    this.#catalog()
    const shape = this.#learned.learn(sql)
    if (shape === undefined) return undefined
    const analysis = this.analysis(sql)
    // Any text of that shape may have been judged by now. One that stands for itself is found by itself.
    this.#madeShapes?.clear()
    if (shape.fingerprint === undefined) this.#entries.delete(sql)
    else this.#entries.clear()
    return { ...shape, ...declarable(analysis) }
  }

  forget(): void {
    this.#entries.clear()
    this.#madeShapes?.clear()
    this.#learned.clear()
    this.#learnedVersion = 0
  }

  /** The catalog in force. A change of the database may have repaired what was learned of it. */
  #catalog(): Catalog {
    const catalog = this.#options.catalog()
    // The builtin catalog only stands in while the database is asked, and often there was nothing new.
    if (catalog.source === 'loaded' && catalog.version !== this.#learnedVersion) {
      this.#learnedVersion = catalog.version
      this.#learned.clear()
    }
    return catalog
  }

  #decide(sql: string, analysis: Analysis, catalog: Catalog): Statement {
    const statement = decide(analysis, catalog, mentionsIn(sql))
    if (statement.kind !== 'read' || !this.#learned.has(sql)) return statement
    // The function or relation that wrote unexpectedly is not known, so its other effects are not known either.
    const { naming: _, ...others } = statement
    return Object.freeze({ ...others, ...unknown('refused-by-standby'), footprint: EVERYTHING })
  }

  #judgeAnew(sql: string, catalog: Catalog): Statement {
    if (isLongerThan(sql, this.#options.maxSqlBytes)) return tooLarge(sql)
    const blank = blanked(sql)
    const text = blank && { ...blank, sql }
    const like = text && this.#shapes.get(text.shape)
    const borrowed = like && this.#borrow(text, like, catalog)
    if (borrowed !== undefined) return borrowed
    const analysis = this.#options.parser.analyze(sql)
    const statement = this.#decide(sql, analysis, catalog)
    if (analysis.isProvisional !== true) {
      this.#entries.set(sql, { analysis, statement, catalogVersion: catalog.version })
      if (text !== undefined && isAboutForm(analysis)) this.#shapes.set(text.shape, { analysis, text })
    }
    return statement
  }

  /** Returns the verdict of a text that differs from a known one only in constants, if it is a read. */
  #borrow(text: Text, like: Shape, catalog: Catalog): Statement | undefined {
    const { sql } = text
    const { analysis } = like
    const decided = this.#decide(sql, analysis, catalog)
    if (decided.kind !== 'read') return undefined
    const statement = boundTo(decided, like.text, text)
    this.#entries.set(sql, { analysis, statement, catalogVersion: catalog.version, isBorrowed: true })
    return statement
  }
}

/** A text that is not parsed. Its words are computed on demand. */
function tooLarge(sql: string): Statement {
  let found: Statement['mentions']
  return Object.freeze({
    ...TOO_LARGE,
    get mentions() {
      return (found ??= mentionsIn(sql) ?? [])
    },
  })
}

/** Whether constants do not matter for the verdict. They do in SET, EXPLAIN and BEGIN. */
function isAboutForm({ kind, multiple, reason, settings }: Analysis): boolean {
  return kind === 'read' && reason === 'select' && !multiple && settings === undefined
}

/** A UTF-16 unit takes one to three bytes of UTF-8, so most texts need not be counted. */
function isLongerThan(sql: string, maxBytes: number): boolean {
  if (sql.length > maxBytes) return true
  return sql.length * 3 > maxBytes && Buffer.byteLength(sql) > maxBytes
}

const ENTRY_BYTES = 400
const NAME_BYTES = 120

/** Estimates the memory of an entry: two bytes per character, and the names. */
function sizeOf(analysis: Analysis, sql: string): number {
  const { functions, relations, operators, types, attributes = [], keys = [], settings = [] } = analysis
  const lists = [functions, relations, operators, types, attributes, keys]
  const names = lists.reduce((total, { length }) => total + length, 0)
  // Each is a rewritten piece of the text.
  const textBytes = (settings.length === 0 ? 2 : 6) * sql.length
  return ENTRY_BYTES + textBytes + NAME_BYTES * (names + settings.length)
}
