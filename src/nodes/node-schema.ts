import { inRootContext } from '../platform/async-context.ts'
import type { Platform } from '../platform/platform.ts'

/** Maximum age of a valid answer, and so the longest time that a name can outlive a change, in milliseconds. */
const VALID_MS = 2000
/** Age of an answer after which the node is queried again, in milliseconds. */
const ASK_AFTER_MS = 1000
/** Time between two queries to a node that differs from the catalog, in milliseconds. */
const ASK_AGAIN_MS = 250
/** The queries take at most one part in so many of the node's time. */
const COST_FACTOR = 20
/** Number of answers of which the quickest tells what a query costs. The others had to wait for a busy machine. */
const KEPT_TIMES = 8

export interface NodeSchemaOptions {
  readonly platform: Platform
  /** Reads the node's schema. */
  readonly ask: () => Promise<string | undefined>
  /**
   * The schema that the catalog in force was loaded from. `undefined` while there is none, or the schema is being
   * changed.
   */
  readonly known: () => string | undefined
  /** Called when the node's schema differs from the catalog's: one of them is behind. */
  readonly differs: () => void
  /** Returns true when the node must not be queried any more. */
  readonly close: () => void
}

/**
 * The schema of a node. PostgreSQL analyzes a prepared statement once, with the schema of that time. So a name may be
 * used only while the node is known to have the schema of the catalog. The node itself is queried, about once a second
 * and only while reads with names run. A replica may replay a change later than the primary, and changes by other
 * processes are not announced.
 */
export class NodeSchema {
  readonly #options: NodeSchemaOptions
  #seen: { readonly schema: string | undefined; readonly askedAtMs: number } | undefined
  #askAtMs = -Infinity
  #isAsking = false
  #renewedAtMs = -Infinity
  /** How long the last answers took, in milliseconds. */
  #tookMs: readonly number[] = []

  constructor(options: NodeSchemaOptions) {
    this.#options = options
  }

  /** Returns the schema if reads may be sent to the node with names now; `undefined` if not. */
  current(): string | undefined {
    const known = this.#options.known()
    if (known === undefined) return undefined
    const nowMs = this.#options.platform.now()
    if (nowMs >= this.#askAtMs && !this.#isAsking) this.#ask(nowMs)
    const seen = this.#seen
    return seen?.schema === known && nowMs - seen.askedAtMs < VALID_MS ? known : undefined
  }

  /** Drops earlier answers: another server may be there, or the same one with an older state. */
  renew(): void {
    this.#seen = undefined
    this.#renewedAtMs = this.#options.platform.now()
  }

  close(): void {
    this.#options.close()
  }

  #ask(askedAtMs: number): void {
    const { ask, differs, known, platform } = this.#options
    this.#isAsking = true
    const answered = (schema: string | undefined): void => {
      this.#isAsking = false
      if (askedAtMs > this.#renewedAtMs) this.#seen = { schema, askedAtMs }
      const isAlike = schema === known()
      const costMs = this.#costOf(platform.now() - askedAtMs, schema !== undefined)
      const gapMs = isAlike ? ASK_AFTER_MS : ASK_AGAIN_MS
      this.#askAtMs = askedAtMs + Math.max(gapMs, COST_FACTOR * costMs)
      if (!isAlike && schema !== undefined) differs()
    }
    // Runs outside the async context of the read that causes the query.
    inRootContext(() => void ask().then(answered, () => answered(undefined)))
  }

  /** Estimates the cost of a query from the time that it and those before it took, in milliseconds. */
  #costOf(tookMs: number, isAnswered: boolean): number {
    if (!isAnswered) return tookMs
    // The first one runs over a new connection, whose caches are empty.
    const isFirst = this.#tookMs.length === 0
    this.#tookMs = [...this.#tookMs.slice(1 - KEPT_TIMES), tookMs]
    return isFirst ? 0 : Math.min(...this.#tookMs)
  }
}
