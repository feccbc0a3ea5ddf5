import type { Catalog } from './catalog/catalog.ts'
import { CatalogWatcher, type CatalogEvent } from './catalog/watcher.ts'
import type { Settings } from './config/settings.ts'
import type { Platform } from './platform/platform.ts'
import { createJudge } from './statement/caching-judge.ts'
import type { Judge } from './statement/judge.ts'
import { nameReader, type NameReader } from './statement/names.ts'
import { provesRead } from './statement/proves-read.ts'
import type { Statement } from './statement/statement.ts'
import { WITHOUT_TEXT } from './statement/without-text.ts'

export interface JudgementOptions {
  readonly settings: Pick<Settings, 'parser' | 'declared' | 'statementCacheBytes' | 'maxSqlBytes' | 'waitMs'>
  readonly platform: Platform
  /** Asks the primary; see `CatalogQuery`. */
  readonly ask: (sql: string) => Promise<readonly unknown[]>
  readonly onEvent: (event: CatalogEvent) => void
}

/** What statements are: as their text says, and the database of the functions and relations in it. */
export class Judgement {
  readonly names: NameReader
  readonly #platform: Platform
  readonly #waitMs: number
  readonly #catalog: CatalogWatcher
  readonly #judge: Judge

  constructor({ settings, platform, ask, onEvent }: JudgementOptions) {
    const { parser, declared, statementCacheBytes, maxSqlBytes, waitMs } = settings
    this.#platform = platform
    this.#waitMs = waitMs
    this.#catalog = new CatalogWatcher({
      query: ask,
      platform,
      declared,
      isRead: (body, catalog) => provesRead(parser, body, catalog),
      onEvent,
    })
    this.#judge = createJudge({
      parser,
      catalog: () => this.#catalog.current,
      cacheBytes: statementCacheBytes,
      maxSqlBytes,
    })
    this.names = nameReader(this.#judge, parser)
  }

  /** Loads the parser. Rejects when it cannot be had. */
  load(): Promise<void> {
    return this.#judge.load()
  }

  /** Asks the database about itself, from now on. */
  start(): void {
    this.#catalog.start()
  }

  close(): void {
    this.#catalog.close()
  }

  get source(): Catalog['source'] {
    return this.#catalog.current.source
  }

  judge(sql: string | undefined): Statement {
    return sql === undefined ? WITHOUT_TEXT : this.#judge.judge(sql)
  }

  /** As `judge`, when what has just changed in the database is known. */
  judgeAnew(sql: string | undefined): Promise<Statement> {
    return this.#catalog.settled().then(() => this.judge(sql))
  }

  /** What looks like this text was refused by a standby, and ran on the primary: it is no read. */
  learn(sql: string): ReturnType<Judge['learn']> {
    return this.#judge.learn(sql)
  }

  /** The database may have been changed. */
  ddlPassed(): void {
    this.#catalog.ddlPassed()
  }

  /**
   * Resolves when the statement may be judged otherwise, because what has just changed in the database is known; or after
   * `waitMs`. `undefined` where there is nothing to wait for.
   */
  changeKnown({ reason }: Statement): Promise<void> | undefined {
    if (reason !== 'catalog-pending' || this.#waitMs === 0 || !this.#catalog.isAsking) return undefined
    return new Promise((resolve) => {
      const timer = this.#platform.schedule(this.#waitMs, resolve)
      void this.#catalog.settled().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}
