import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { withDeclared } from '../catalog/declared-catalog.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Platform } from '../platform/platform.ts'
import { CreatedNames } from './created-names.ts'
import type { CatalogInUse, CatalogUser, SeenDatabase, SharedCatalogs } from './shared-catalogs.ts'
import { createJudge } from '../statement/caching-judge.ts'
import type { Judge } from '../statement/judge.ts'
import { nameReader, type NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import { uncertainly } from '../statement/uncertain.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'

export interface JudgementOptions {
  readonly resolved: Pick<
    ResolvedOptions,
    'parser' | 'declared' | 'statementCacheBytes' | 'maxSqlBytes' | 'catchUpTimeoutMs'
  >
  readonly platform: Platform
  readonly catalogs: Pick<SharedCatalogs, 'join'>
  readonly user: CatalogUser
}

/** How long a read waits for the first load of the catalog, in milliseconds. */
const LONGEST_WAIT_MS = 100
/** How long a read of a table that this pool has just created waits for the catalog, in milliseconds. */
const LONGEST_WAIT_FOR_OWN_MS = 1_000
/** Maximum number of waits for a database that keeps changing. */
const MOST_ANSWERS = 20
/** Number of statements after which the catalog is loaded, so that a pool for one statement does not load it. */
const STATEMENTS_BEFORE_LOADING = 2

/** Classifies statements by their text and the database's catalog. */
export class Judgement {
  readonly names: NameReader
  readonly #options: JudgementOptions
  readonly #unjoined: Catalog
  readonly #judge: Judge
  /** The catalog of the primary; absent without a primary, and while the pool is unused. */
  #shared: CatalogInUse | undefined
  /** A catalog loaded before this time has to be compared with the database first. */
  #sinceMs: number
  #statements = 0
  readonly #created = new CreatedNames()

  constructor(options: JudgementOptions) {
    const { parser, declared, statementCacheBytes, maxSqlBytes } = options.resolved
    this.#options = options
    this.#sinceMs = options.platform.now()
    this.#unjoined = withDeclared(builtinCatalog, declared)
    this.#judge = createJudge({
      parser,
      catalog: () => this.#catalog,
      cacheBytes: statementCacheBytes,
      maxSqlBytes,
    })
    this.names = nameReader(this.#judge, parser)
  }

  /** Loads the parser. Rejects when it cannot be loaded. */
  load(): Promise<void> {
    return this.#judge.load()
  }

  /** The current catalog. */
  get #catalog(): Catalog {
    const watcher = this.#shared?.watcher
    return watcher === undefined || watcher.comparedAtMs < this.#sinceMs ? this.#unjoined : watcher.current
  }

  /** Counts a statement. The second one starts to load the catalog. */
  used(): void {
    if (this.#statements >= STATEMENTS_BEFORE_LOADING) return
    this.#statements += 1
    if (this.#statements === STATEMENTS_BEFORE_LOADING) this.start()
  }

  /** Starts to load the catalog. */
  start(): void {
    this.#statements = STATEMENTS_BEFORE_LOADING
    this.#shared?.watcher.start(this.#sinceMs)
  }

  /** Switches to the catalog of a new primary, or of another database that has taken the name of the last one. */
  follow(seen: SeenDatabase): void {
    const former = this.#shared
    if (former?.isOf(seen) === true) return
    const { catalogs, platform, user } = this.#options
    this.#shared = catalogs.join(user, former)
    // Versions of different catalogs cannot be compared.
    if (former !== undefined && former.watcher.current !== this.#shared?.watcher.current) this.#judge.forget()
    void former?.leave(user)
    // The database of a new primary is assumed to be the same until it has been compared.
    const sinceMs = former === undefined ? this.#sinceMs : platform.now()
    const isAsked = this.#statements === STATEMENTS_BEFORE_LOADING
    if (isAsked || this.#shared?.watcher.isActive === true) this.#shared?.watcher.start(sinceMs)
  }

  /** Drops the catalog and its connection until the next `follow`. */
  async leave(): Promise<void> {
    const shared = this.#shared
    this.#shared = undefined
    this.#sinceMs = this.#options.platform.now()
    this.#judge.forget()
    await shared?.leave(this.#options.user)
  }

  get source(): Catalog['source'] {
    return this.#catalog.source
  }

  /** The schema of the current catalog; see `CatalogWatcher`. */
  get schema(): string | undefined {
    const watcher = this.#shared?.watcher
    return watcher === undefined || watcher.comparedAtMs < this.#sinceMs ? undefined : watcher.schema
  }

  /** Makes the catalog check for changes, because a node has another schema, or a statement may have changed it. */
  doubt(): void {
    this.#shared?.watcher.doubt()
  }

  judge(sql: string | undefined): Statement {
    if (sql === undefined) return WITHOUT_TEXT
    const statement = this.#judge.judge(sql)
    return this.#shared?.watcher.isCertain === false ? uncertainly(statement) : statement
  }

  /** Like `judge`, after pending changes of the database have been loaded. */
  async judgeAnew(sql: string | undefined): Promise<Statement> {
    const release = this.#options.platform.holdOpen()
    await this.#shared?.watcher.settled()
    release()
    return this.judge(sql)
  }

  /** Learns that a standby rejected a statement of this shape and the primary accepted it: it is not a read. */
  learn(sql: string): ReturnType<Judge['learn']> {
    return this.#judge.learn(sql)
  }

  /**
   * Notes that the schema was changed, by this text if it is known.
   * @param isCertain False for a statement that runs code or text that is not analyzed, and seldom changes the schema.
   */
  ddlPassed(sql?: string, isCertain: boolean = true): void {
    this.#shared?.ddlPassed(isCertain)
    if (this.#isLoaded || !isCertain) return
    const { parser } = this.#options.resolved
    this.#created.add(sql === undefined ? undefined : parser.givenNames?.(sql))
  }

  /**
   * Resolves when the catalog has been loaded and may change the classification of the statement, or after
   * `catchUpTimeoutMs`. During the first load the limit is 100 ms. For objects that this pool has just created it waits
   * longer. `undefined` if there is nothing to wait for.
   */
  changeKnown({ offender, reason }: Statement): Promise<void> | undefined {
    const watcher = this.#shared?.watcher
    const { platform, resolved } = this.#options
    if (reason !== 'catalog-pending' || resolved.catchUpTimeoutMs === 0) return undefined
    if (watcher?.isAsking !== true || this.source === 'loaded') return undefined
    const timeoutMs = this.#isLoaded ? resolved.catchUpTimeoutMs : this.#waitForLoadMs(offender?.text)
    return new Promise((resolve) => {
      // Neither the timer nor the query keeps the process alive, but a statement waits for them.
      const release = platform.holdOpen()
      const over = (): void => {
        timer.cancel()
        release()
        resolve()
      }
      const timer = platform.schedule(timeoutMs, over)
      void watcher.settled().then(over)
    })
  }

  get #isLoaded(): boolean {
    return this.#shared?.watcher.known !== undefined
  }

  #waitForLoadMs(name = ''): number {
    const { catchUpTimeoutMs } = this.#options.resolved
    return this.#created.mayHave(name) ? LONGEST_WAIT_FOR_OWN_MS : Math.min(catchUpTimeoutMs, LONGEST_WAIT_MS)
  }

  /** Resolves when the catalog is loaded. Rejects with the error of the load, or when the pool has ended. */
  async loaded(): Promise<void> {
    this.start()
    this.#shared?.watcher.hasten()
    for (let answers = 0; this.source !== 'loaded'; answers++) {
      const watcher = this.#shared?.watcher
      if (watcher === undefined) throw new Error('The pool was ended before the catalog was loaded')
      if (answers === MOST_ANSWERS) throw new Error('The database changed whenever the catalog was loaded')
      await watcher.settled()
      if (watcher === this.#shared?.watcher && watcher.failure !== undefined) throw watcher.failure
    }
  }
}
