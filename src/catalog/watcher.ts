import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { builtinCatalog } from './builtin-catalog.ts'
import type { Catalog, ReadProof } from './catalog.ts'
import { withDeclared } from './declared-catalog.ts'
import type { DeclaredName } from './declared.ts'
import type { BodyUses } from './routine-uses.ts'
import { compare, lookAtRecent, refresh, type CatalogQuery, type Loaded, type LoadOptions } from './loader.ts'

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
  | {
      readonly type: 'catalog-failed'
      readonly error: unknown
      readonly retryInMs: number
      readonly isLoaded: boolean
    }

export interface WatcherOptions {
  /** Runs on the primary: each server counts changes for itself, and a replica's counters stand still. */
  readonly query: CatalogQuery
  readonly platform: Platform
  readonly declared?: readonly DeclaredName[]
  /** Looks into the bodies of functions that nobody labelled. @defaultValue nothing is proven */
  readonly isRead?: ReadProof
  /** Tells what functions name. @defaultValue they may touch everything */
  readonly usesIn?: BodyUses
  /**
   * Time between looks for changes made by others, in milliseconds, ± 10 %. They trust in what the server counts; one in
   * a minute does not.
   * @defaultValue 10_000
   */
  readonly checkEveryMs?: number
  /** A query without an answer by then counts as failed, in milliseconds. @defaultValue 65_000 */
  readonly timeoutMs?: number
  /** State of another watcher of the database, and when it was last compared. */
  readonly former?: Pick<CatalogWatcher, 'known' | 'schema' | 'comparedAtMs'> | undefined
  /** Must not throw. */
  readonly onEvent?: (event: CatalogEvent) => void
}

// A connection that is busy with one long statement reports what it changed before only when that has ended.
const thoroughEveryMs = 60_000
// A full load costs the primary more than a query for changes, so it waits for a pause in a migration.
const pauseMs = 1_000
const longestMigrationMs = 10_000
const glanceMs = 3_000
/** Nobody waits for the answer to a question that has taken longer than this, in milliseconds. */
const patienceMs = 1_000
/** Time between two looks that somebody's doubt leads to. */
const doubtEveryMs = 2_000
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/**
 * Keeps a catalog of the database: loads it in the background, looks for changes from time to time, and loads it again
 * when there are any. Until the first load, PostgreSQL's own objects are all that is known. It asks nothing before `start`
 * and after `pause`.
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
  #comparedAtMs = -Infinity
  #doubtedAtMs = -Infinity
  #failures = 0
  #failure: Error | undefined
  /** How often the database may have changed through this process, and how many of those it was asked about. */
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
    this.#checkEveryMs = options.checkEveryMs ?? 10_000
    this.#timeoutMs = options.timeoutMs ?? 65_000
    this.#onEvent = options.onEvent ?? ((): void => {})
    this.#unloaded = withDeclared(builtinCatalog, declared)
    const { former } = options
    // What was changed and not read since counts for nothing here either.
    if (former?.known === undefined || former.schema === undefined) return
    this.#known = former.known
    this.#version = former.known.catalog.version
    this.#comparedAtMs = former.comparedAtMs
  }

  /** The catalog in force. */
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

  /** When all that was read was last compared with the database, on the platform's clock. */
  get comparedAtMs(): number {
    return this.#comparedAtMs
  }

  /**
   * The digest of the schema that the catalog was loaded from; see `Signal`. `undefined` until the first load, from a change
   * that was made through this process until the next one, and from a doubt until the database was asked.
   */
  get schema(): string | undefined {
    return this.#changes === this.#changesSeen && !this.#isNeeded ? this.#known?.signal.digest : undefined
  }

  /** The catalog may be behind: looks now whether it is, unless a doubt has made it look within the last two seconds. */
  doubt(): void {
    const nowMs = this.#platform.now()
    if (!this.#isActive || this.#failure !== undefined || nowMs - this.#doubtedAtMs < doubtEveryMs) return
    this.#doubtedAtMs = nowMs
    this.start(nowMs)
  }

  /**
   * Loads the catalog, and looks for changes from then on. What was loaded before is compared first, unless that was done
   * since the moment that is given.
   */
  start(sinceMs: number): void {
    this.#isActive = true
    this.#neededSinceMs = Math.max(this.#neededSinceMs, sinceMs)
    if (this.#isNeeded) this.#begin()
    else if (this.#round === undefined && this.#timer === undefined) this.#beginIn(this.#checkEveryMs)
  }

  /** Asks now if it would ask later, because a question had no answer. */
  hasten(): void {
    if (this.#failure !== undefined) this.#begin()
  }

  /** True between `start` and `pause`. */
  get isActive(): boolean {
    return this.#isActive
  }

  /** Asks nothing until the next `start`. A question under way is still heard. */
  pause(): void {
    this.#isActive = false
    this.#stopTimer()
  }

  /**
   * To be called when a statement that may have changed functions or relations was committed through this process. From
   * then until the database was asked, only PostgreSQL's own objects are known. Not needed for temporary tables.
   */
  ddlPassed(): void {
    this.#noteChange()
    this.#begin()
  }

  /** True for the first second of a question to the database. */
  get isAsking(): boolean {
    return this.#round !== undefined && this.#platform.now() - this.#roundSinceMs < patienceMs
  }

  /** Resolves when nothing is being asked: at once, or after the load or check that is under way. Never rejects. */
  async settled(): Promise<void> {
    while (this.#round !== undefined) await this.#round
  }

  /** Somebody has come who does not know whether what was loaded before is still true. */
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
    // The code that happened to call is not the parent of what is asked from now on.
    this.#round = inRootContext(() => this.#ask().then(ended))
  }

  #beginIn(delayMs: number): void {
    this.#timer = inRootContext(() => this.#platform.schedule(delayMs, () => this.#begin()))
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * A glance at what was changed, so that it need not be taken for unknown until all is loaded. False when that must not
   * wait.
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
      // Whatever it is, the load will meet it too, and tell.
      return false
    }
  }

  /** One look at the database. Gives the time until the next one, in milliseconds. */
  async #ask(): Promise<number> {
    try {
      if (this.#known !== undefined && this.#isNeeded && this.#changes === this.#changesSeen) {
        if (await this.#compare(this.#known)) return this.#isNeeded ? 0 : this.#untilNextCheckMs
        this.#noteChange()
      }
      const asked = this.#changes
      if (asked !== this.#changesSeen && (await this.#glance())) return this.#changes === asked ? pauseMs : 0
      await this.#refresh()
      return this.#changes === this.#changesSeen && !this.#isNeeded ? this.#untilNextCheckMs : 0
    } catch (error) {
      const retryInMs =
        Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures) * (0.5 + 0.5 * this.#platform.random())
      this.#failures += 1
      this.#failure = asError(error)
      const isLoaded = this.current !== this.#unloaded
      if (this.#isActive) this.#onEvent({ type: 'catalog-failed', error, retryInMs, isLoaded })
      return retryInMs
    }
  }

  /** Whether the database is still what it was, for somebody who has just come: a load would take longer. */
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
    this.#changesSeen = changes
    this.#answered(known, thoroughly ? startedAt : this.#comparedAtMs)
    if (known.catalog.version === before?.catalog.version || !this.#isActive) return
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
    this.#failures = 0
    this.#failure = undefined
  }

  get #untilNextCheckMs(): number {
    return this.#checkEveryMs * (0.9 + 0.2 * this.#platform.random())
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
