import { inRootContext } from '../platform/async-context.ts'
import type { Platform } from '../platform/platform.ts'

/** An answer that is older says nothing of the node: the longest time that a name can outlive a change. In milliseconds. */
const VALID_MS = 2000
/** An answer that is older is asked for again, in milliseconds. */
const ASK_AFTER_MS = 1000
/** Time between two questions to a node that differs from the catalog, in milliseconds. */
const ASK_AGAIN_MS = 250
/** Asking takes at most one part in so many of the node's time. */
const COST_FACTOR = 50

export interface NodeSchemaOptions {
  readonly platform: Platform
  /** Asks the node which schema it has. */
  readonly ask: () => Promise<string | undefined>
  /** The schema that the catalog in force was loaded from. `undefined` while there is none, or the schema is being changed. */
  readonly known: () => string | undefined
  /** The node has another schema than the catalog: one of the two is behind. */
  readonly differs: () => void
  /** Nothing is asked any more. */
  readonly close: () => void
}

/**
 * Which schema a node has. PostgreSQL works out a prepared statement once, from the schema of that moment, so a name may be
 * used only while the node is known to have the schema that the catalog was loaded from. The node itself is asked, about once
 * a second and only while reads with names come: a replica may have replayed a change later than the primary, and a change
 * that another process makes is announced by nothing.
 */
export class NodeSchema {
  readonly #options: NodeSchemaOptions
  #seen: { readonly schema: string | undefined; readonly askedAtMs: number } | undefined
  #askAtMs = -Infinity
  #isAsking = false
  #renewedAtMs = -Infinity

  constructor(options: NodeSchemaOptions) {
    this.#options = options
  }

  /** The schema under which the node may be sent names now. `undefined`: it may not. */
  current(): string | undefined {
    const known = this.#options.known()
    if (known === undefined) return undefined
    const nowMs = this.#options.platform.now()
    if (nowMs >= this.#askAtMs && !this.#isAsking) this.#ask(nowMs)
    const seen = this.#seen
    return seen?.schema === known && nowMs - seen.askedAtMs < VALID_MS ? known : undefined
  }

  /** Another server may be there, or the same one with an older state: what was asked before says nothing of it. */
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
      const costMs = COST_FACTOR * (platform.now() - askedAtMs)
      this.#askAtMs = askedAtMs + Math.max(isAlike ? ASK_AFTER_MS : ASK_AGAIN_MS, costMs)
      if (!isAlike && schema !== undefined) differs()
    }
    // The read that happened to come is not the parent of the question.
    inRootContext(() => void ask().then(answered, () => answered(undefined)))
  }
}
