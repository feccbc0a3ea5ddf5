import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { builtinCatalog } from './builtin-catalog.ts'
import type { Catalog, ReadProof } from './catalog.ts'
import { CheckPace } from './check-pace.ts'
import { withDeclared } from './declared-catalog.ts'
import type { DeclaredName } from './declared.ts'
import type { BodyUses } from './routine-uses.ts'
import { compare, lookAtRecent, refresh, type CatalogQuery, type Loaded, type LoadOptions } from './loader.ts'

/** An event that pools report. */
export type ReportedEvent =
  | {
      readonly type: 'catalog-loaded'
      readonly version: number
      /** Number of functions and relations, including the system's. */
      readonly functions: number
      readonly relations: number
      readonly durationMs: number
    }
  /** A failed load fails no query: the previous catalog stays in force, and the load is retried. */
  | {
      readonly type: 'catalog-failed'
      readonly error: unknown
      readonly retryInMs: number
      readonly isLoaded: boolean
    }

export type CatalogEvent =
  | ReportedEvent
  /**
   * Comes just before a catalog of another schema comes into force, the first one included. The schema was read before
   * `loadedAtMs`, by the platform's clock.
   */
  | { readonly type: 'schema-changed'; readonly loadedAtMs: number }

export interface WatcherOptions {
  /** Runs a query on the primary. Each server counts changes for itself, and a replica's counters do not change. */
  readonly query: CatalogQuery
  readonly platform: Platform
  readonly declared?: readonly DeclaredName[]
  /** Proves the bodies of functions without a label. @defaultValue proves nothing */
  readonly isRead?: ReadProof
  /** Returns the names in the bodies of functions. @defaultValue functions may touch everything */
  readonly usesIn?: BodyUses
  /**
   * Time between two checks for changes by others, in milliseconds, ± 10 %. They rely on the server's counters, except
   * for one thorough check a minute. Checks that take long are less frequent.
   * @defaultValue 1_000
   */
  readonly checkEveryMs?: number
  /** Timeout of a query, in milliseconds. @defaultValue 65_000 */
  readonly timeoutMs?: number
  /** State of another watcher of the database, and when it was last compared. */
  readonly former?: Pick<CatalogWatcher, 'known' | 'schema' | 'comparedAtMs'> | undefined
  /** Must not throw. */
  readonly onEvent?: (event: CatalogEvent) => void
}

// A connection reports its earlier changes only when its current statement has ended, which may take long.
const thoroughEveryMs = 60_000
// A full load costs the primary more than a query for changes, so it waits for a pause in a migration.
const pauseMs = 1_000
const longestMigrationMs = 10_000
const glanceMs = 3_000
/** Statements wait at most this long for a running query, in milliseconds. */
const patienceMs = 1_000

/**
 * Keeps a catalog of the database: loads it in the background, checks for changes periodically, and reloads it if there
 * are any. Until the first load it knows only PostgreSQL's own objects. Runs no queries before `start` and after
 * `pause`.
 */
export class CatalogWatcher {
  readonly #query: CatalogQuery
  readonly #platform: Platform
  readonly #loading: LoadOptions
  readonly #pace: CheckPace
  readonly #timeoutMs: number
  readonly #onEvent: (event: CatalogEvent) => void
  readonly #unloaded: Catalog
  #known: Loaded | undefined
  #comparedAtMs = -Infinity
  /** When a statement of this process has last ended that may have changed the schema. */
  #suspectedAtMs = -Infinity
  #failure: Error | undefined
  /** Number of possible changes by this process, and how many of them have been checked. */
  #changes = 0
  #changesSeen = 0
  /** Catalog of a database that has changed, until it is fully loaded again. */
  #recent: { readonly catalog: Catalog; readonly changes: number } | undefined
  /** When the first change was made that the loaded catalog lacks, on the platform's clock. */
  #changedAt = 0
  #version = 1
  #timer: Timer | undefined
  #round: Promise<void> | undefined
  #roundSinceMs = 0
  #isActive = false
  /** Time as of which everything read has to be compared, on the platform's clock. */
  #neededSinceMs = -Infinity

  constructor(options: WatcherOptions) {
    this.#query = options.query
    this.#platform = options.platform
    const { declared = [], isRead, usesIn } = options
    this.#loading = { declared, ...(isRead && { isRead }), ...(usesIn && { usesIn }) }
    this.#pace = new CheckPace(options.platform, options.checkEveryMs ?? 1_000)
    this.#timeoutMs = options.timeoutMs ?? 65_000
    this.#onEvent = options.onEvent ?? ((): void => {})
    this.#unloaded = withDeclared(builtinCatalog, declared)
    const { former } = options
    // Changes that have not been loaded invalidate the other watcher's catalog too.
    if (former?.known === undefined || former.schema === undefined) return
    this.#known = former.known
    this.#version = former.known.catalog.version
    this.#comparedAtMs = former.comparedAtMs
  }

  /** The current catalog. */
  get current(): Catalog {
    if (this.#known === undefined) return this.#unloaded
    if (this.#changes === this.#changesSeen) return this.#known.catalog
    return this.#recent?.changes === this.#changes ? this.#recent.catalog : this.#unloaded
  }

  /** The last loaded catalog, whether or not it is still valid. */
  get known(): Loaded | undefined {
    return this.#known
  }

  /** The error of the last query. `undefined` when it succeeded. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** When the whole catalog was last compared with the database, on the platform's clock. */
  get comparedAtMs(): number {
    return this.#comparedAtMs
  }

  /**
   * Digest of the schema of the catalog; see `Signal`. `undefined` until the first load, from a change by this process
   * until the next load, and from a doubt until the next check.
   */
  get schema(): string | undefined {
    const isKnown = this.#changes === this.#changesSeen && !this.#isNeeded && this.isCertain
    return isKnown ? this.#known?.signal.digest : undefined
  }

  /** False while footprints may be wrong, since a statement of this process may have changed the schema. */
  get isCertain(): boolean {
    return this.#comparedAtMs > this.#suspectedAtMs
  }

  /** Checks now whether the catalog is outdated, unless a doubt has caused a check within the last two seconds. */
  doubt(): void {
    const nowMs = this.#platform.now()
    if (this.#isActive && this.#failure === undefined && this.#pace.mayDoubt(nowMs)) this.start(nowMs)
  }

  /**
   * Loads the catalog and starts to check for changes. A previously loaded catalog is compared first, unless that was
   * done since the given time.
   */
  start(sinceMs: number): void {
    this.#isActive = true
    this.#neededSinceMs = Math.max(this.#neededSinceMs, sinceMs)
    if (this.#isNeeded) this.#begin()
    else if (this.#round === undefined && this.#timer === undefined) this.#beginIn(this.#pace.checkEveryMs)
  }

  /** Retries a failed query now instead of later. */
  hasten(): void {
    if (this.#failure !== undefined) this.#begin()
  }

  /** True between `start` and `pause`. */
  get isActive(): boolean {
    return this.#isActive
  }

  /** Runs no queries until the next `start`. The result of a running one still counts. */
  pause(): void {
    this.#isActive = false
    this.#stopTimer()
  }

  /**
   * Call this when a statement that changed functions or relations was committed by this process. Until the next check
   * only PostgreSQL's own objects are known. Not needed for temporary tables.
   * @param isCertain False for a statement that runs code or text that is not analyzed. Then only footprints are not
   * certain until the next thorough check: a moment, or a second if such statements are frequent.
   */
  ddlPassed(isCertain: boolean = true): void {
    if (isCertain) {
      this.#noteChange()
      return this.#begin()
    }
    if (this.#known === undefined) return
    this.#suspectedAtMs = this.#platform.now()
    if (this.#failure === undefined && this.#pace.mayDoubt(this.#suspectedAtMs)) this.#begin()
  }

  /** True for the first second of a query. */
  get isAsking(): boolean {
    return this.#round !== undefined && this.#platform.now() - this.#roundSinceMs < patienceMs
  }

  /** Resolves when no query is running: at once, or after the current load or check. Never rejects. */
  async settled(): Promise<void> {
    while (this.#round !== undefined) await this.#round
  }

  /** Compares a previously loaded catalog for a new user. */
  get #isNeeded(): boolean {
    return this.#comparedAtMs < this.#neededSinceMs
  }

  #noteChange(): void {
    if (this.#changes === this.#changesSeen) this.#changedAt = this.#platform.now()
    this.#changes += 1
  }

  #begin(): void {
    if (!this.#isActive || this.#round !== undefined) return
    this.#stopTimer()
    this.#roundSinceMs = this.#platform.now()
    const ended = (delayMs: number): void => {
      this.#round = undefined
      if (delayMs === 0) this.#begin()
      else if (this.#isActive) this.#beginIn(delayMs)
    }
    // Runs outside the caller's async context.
    this.#round = inRootContext(() => this.#ask().then(ended))
  }

  #beginIn(delayMs: number): void {
    this.#timer = inRootContext(() => this.#platform.scheduleWork(delayMs, () => this.#begin()))
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * Loads only the recent changes, so that they are known before the full load. Returns false when the full load must
   * not wait.
   */
  async #glance(): Promise<boolean> {
    const known = this.#known
    const changes = this.#changes
    const startedAt = this.#platform.now()
    const mayWait = startedAt - this.#changedAt < longestMigrationMs
    const isSeen = this.#recent?.changes === changes && !this.#isNeeded
    if (known === undefined || isSeen || !mayWait) return false
    try {
      const catalog = await this.#inTime(lookAtRecent(this.#query, known, this.#version + 1), glanceMs)
      if (catalog === undefined) return false
      this.#version += 1
      this.#recent = { catalog, changes }
      this.#comparedAtMs = startedAt
      return true
    } catch {
      // The full load will fail for the same reason, and report it.
      return false
    }
  }

  /** Runs one check or load. Returns the time until the next one, in milliseconds. */
  async #ask(): Promise<number> {
    try {
      const isDue = this.#isNeeded || !this.isCertain
      if (this.#known !== undefined && isDue && this.#changes === this.#changesSeen) {
        if (await this.#compare(this.#known)) return this.#isNeeded ? 0 : this.#untilNextCheckMs
        this.#noteChange()
      }
      const asked = this.#changes
      if (asked !== this.#changesSeen && (await this.#glance())) return this.#changes === asked ? pauseMs : 0
      await this.#refresh()
      return this.#changes === this.#changesSeen && !this.#isNeeded ? this.#untilNextCheckMs : 0
    } catch (error) {
      const retryInMs = this.#pace.failed()
      this.#failure = asError(error)
      const isLoaded = this.current !== this.#unloaded
      if (this.#isActive) this.#onEvent({ type: 'catalog-failed', error, retryInMs, isLoaded })
      return retryInMs
    }
  }

  /** Whether the database is unchanged, for a new user. Faster than a load. */
  async #compare(known: Loaded): Promise<boolean> {
    const startedAt = this.#platform.now()
    const same = await this.#inTime(compare(this.#query, known, true))
    if (same === undefined) return false
    this.#answered(same, startedAt)
    return true
  }

  async #refresh(): Promise<void> {
    const startedAt = this.#platform.now()
    const changes = this.#changes
    const before = this.#known
    const isLate = startedAt - this.#comparedAtMs >= thoroughEveryMs
    const thoroughly = before === undefined || changes !== this.#changesSeen || isLate
    const version = this.#version + 1
    const known = await this.#inTime(refresh(this.#query, before, { thoroughly, version, ...this.#loading }))
    const loadedAtMs = this.#platform.now()
    const isOther = known.catalog !== before?.catalog
    if (isOther) this.#onEvent({ type: 'schema-changed', loadedAtMs })
    this.#changesSeen = changes
    this.#answered(isOther ? { ...known, loadedAtMs } : known, thoroughly ? startedAt : this.#comparedAtMs)
    if (!isOther || !this.#isActive) return
    const durationMs = this.#platform.now() - startedAt
    this.#onEvent({
      type: 'catalog-loaded',
      version: known.catalog.version,
      ...known.counts,
      durationMs,
    })
  }

  #answered(known: Loaded, comparedAtMs: number): void {
    this.#known = known
    this.#version = Math.max(this.#version, known.catalog.version)
    this.#comparedAtMs = comparedAtMs
    this.#pace.succeeded()
    this.#failure = undefined
  }

  get #untilNextCheckMs(): number {
    const tookMs = this.#platform.now() - this.#roundSinceMs
    const { loadedAtMs = -Infinity } = this.#known ?? {}
    return this.#pace.pauseAfter(tookMs, loadedAtMs >= this.#roundSinceMs)
  }

  #inTime<Value>(answer: Promise<Value>, timeoutMs = this.#timeoutMs): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = deadline(this.#platform, timeoutMs, () =>
        reject(
          new SwitchyardError('SWITCHYARD_NO_PRIMARY', `No answer on the catalog within ${timeoutMs} ms`, {
            retryable: true,
          }),
        ),
      )
      answer.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}
