import { SwitchyardError } from '../errors/error.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { builtinCatalog } from './builtin-catalog.ts'
import type { Catalog, ReadProof } from './catalog.ts'
import { withDeclared } from './declared-catalog.ts'
import type { DeclaredName } from './declared.ts'
import { lookAtRecent, refresh, type CatalogQuery, type Loaded, type LoadOptions } from './loader.ts'

export type CatalogEvent =
  | {
      readonly type: 'catalog-loaded'
      readonly version: number
      /** Functions and relations found, system ones included. */
      readonly functions: number
      readonly relations: number
      readonly durationMs: number
    }
  /** Nothing is thrown into anybody's query: what was known stays in force, and it is tried again. */
  | { readonly type: 'catalog-failed'; readonly error: unknown; readonly retryInMs: number }

export interface WatcherOptions {
  /** Runs on the primary: each server counts changes for itself, and a replica's counters stand still. */
  readonly query: CatalogQuery
  readonly platform: Platform
  readonly declared?: readonly DeclaredName[]
  /** Looks into the bodies of functions that nobody labelled. @defaultValue nothing is proven */
  readonly isRead?: ReadProof
  /**
   * Time between looks for changes made by others, in milliseconds, ± 10 %. They trust in what the server counts; one in
   * a minute does not.
   * @defaultValue 10_000
   */
  readonly checkEveryMs?: number
  /** A query without an answer by then counts as failed, in milliseconds. @defaultValue 65_000 */
  readonly timeoutMs?: number
  /** Must not throw. */
  readonly onEvent?: (event: CatalogEvent) => void
}

// A connection that is busy with one long statement reports what it changed before only when that has ended.
const thoroughEveryMs = 60_000
// Loading it all costs the primary more than a glance at what is new, so it waits for a pause in a migration.
const pauseMs = 1_000
const longestMigrationMs = 10_000
const glanceMs = 3_000
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/**
 * Keeps a catalog of the database: loads it in the background, looks for changes from time to time, and loads it anew
 * when there are any. Until the first load, PostgreSQL's own objects are all that is known.
 */
export class CatalogWatcher {
  readonly #query: CatalogQuery
  readonly #platform: Platform
  readonly #loading: LoadOptions
  readonly #checkEveryMs: number
  readonly #timeoutMs: number
  readonly #onEvent: (event: CatalogEvent) => void
  readonly #unloaded: Catalog
  #known: Loaded | undefined
  /** When all that was read was last compared, on the platform's clock. */
  #thoroughAt = 0
  #failures = 0
  /** How often the database may have changed through this process, and how many of those it was asked about. */
  #changes = 0
  #changesSeen = 0
  /** What is known of a database that has changed, until all of it is loaded again. */
  #recent: { readonly catalog: Catalog; readonly changes: number } | undefined
  /** When the first change was made that is not in the catalog which was loaded, on the platform's clock. */
  #changedAt = 0
  #version = 1
  #timer: Timer | undefined
  #round: Promise<void> | undefined
  #closed = false

  constructor(options: WatcherOptions) {
    this.#query = options.query
    this.#platform = options.platform
    const { declared = [], isRead } = options
    this.#loading = { declared, ...(isRead && { isRead }) }
    this.#checkEveryMs = options.checkEveryMs ?? 10_000
    this.#timeoutMs = options.timeoutMs ?? 65_000
    this.#onEvent = options.onEvent ?? ((): void => {})
    this.#unloaded = withDeclared(builtinCatalog, declared)
  }

  /** The catalog in force. */
  get current(): Catalog {
    if (this.#known === undefined) return this.#unloaded
    if (this.#changes === this.#changesSeen) return this.#known.catalog
    return this.#recent?.changes === this.#changes ? this.#recent.catalog : this.#unloaded
  }

  /** Loads the catalog and begins to look for changes. */
  start(): void {
    this.#begin()
  }

  /**
   * To be called when a statement that may have changed functions or relations was committed through this process. From
   * then until the database was asked, only PostgreSQL's own objects are known. Not needed for temporary tables.
   */
  ddlPassed(): void {
    if (this.#changes === this.#changesSeen) this.#changedAt = this.#platform.now()
    this.#changes += 1
    this.#begin()
  }

  /** True from a change that was made through this process until the database was asked about it. */
  get isAsking(): boolean {
    return this.#known !== undefined && this.#round !== undefined && this.current === this.#unloaded
  }

  /** Resolves when nothing is being asked: at once, or after the load or check that is under way. Never rejects. */
  async settled(): Promise<void> {
    while (this.#round !== undefined) await this.#round
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #begin(): void {
    if (this.#closed || this.#round !== undefined) return
    this.#timer?.cancel()
    this.#round = this.#ask().then((delayMs) => {
      this.#round = undefined
      if (this.#closed) return
      if (delayMs === 0) this.#begin()
      else this.#timer = this.#platform.schedule(delayMs, () => this.#begin())
    })
  }

  /**
   * A glance at what was changed through this process, so that it need not be taken for unknown until all is loaded. False
   * when that must not wait.
   */
  async #glance(): Promise<boolean> {
    const known = this.#known
    const changes = this.#changes
    const mayWait = this.#platform.now() - this.#changedAt < longestMigrationMs
    if (known === undefined || this.#recent?.changes === changes || !mayWait) return false
    try {
      const catalog = await this.#inTime(lookAtRecent(this.#query, known, this.#version + 1), glanceMs)
      if (catalog === undefined) return false
      this.#version += 1
      this.#recent = { catalog, changes }
      return true
    } catch {
      // Whatever it is, the load will meet it too, and tell.
      return false
    }
  }

  /** One look at the database. Gives the time until the next one, in milliseconds. */
  async #ask(): Promise<number> {
    const asked = this.#changes
    if (asked !== this.#changesSeen && (await this.#glance())) return this.#changes === asked ? pauseMs : 0
    const platform = this.#platform
    const startedAt = platform.now()
    const changes = this.#changes
    const before = this.#known
    const thoroughly = changes !== this.#changesSeen || startedAt - this.#thoroughAt >= thoroughEveryMs
    try {
      const known = await this.#inTime(
        refresh(this.#query, before, { thoroughly, version: this.#version + 1, ...this.#loading }),
      )
      this.#known = known
      this.#version = Math.max(this.#version, known.catalog.version)
      if (thoroughly || before === undefined) this.#thoroughAt = startedAt
      this.#changesSeen = changes
      this.#failures = 0
      const { version } = known.catalog
      if (version !== before?.catalog.version && !this.#closed) {
        this.#onEvent({
          type: 'catalog-loaded',
          version,
          ...known.counts,
          durationMs: platform.now() - startedAt,
        })
      }
      return this.#changes === changes ? this.#checkEveryMs * (0.9 + 0.2 * platform.random()) : 0
    } catch (error) {
      const retryInMs =
        Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures) * (0.5 + 0.5 * platform.random())
      this.#failures += 1
      if (!this.#closed) this.#onEvent({ type: 'catalog-failed', error, retryInMs })
      return retryInMs
    }
  }

  #inTime<Value>(answer: Promise<Value>, timeoutMs = this.#timeoutMs): Promise<Value> {
    return new Promise((resolve, reject) => {
      const deadline = this.#platform.schedule(timeoutMs, () =>
        reject(
          new SwitchyardError('SWITCHYARD_NO_PRIMARY', `No answer on the catalog within ${timeoutMs} ms`, {
            retryable: true,
          }),
        ),
      )
      answer.then(resolve, reject).finally(() => deadline.cancel())
    })
  }
}
