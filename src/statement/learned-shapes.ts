import { LRUCache } from 'lru-cache'
import type { SqlParser } from './parser.ts'

export interface LearnedShapesOptions {
  /** How many shapes are kept, those not met for longest going first. @defaultValue 1000 */
  readonly maxShapes?: number
  /** Maximum memory for texts without a shape, in bytes. @defaultValue 1 MiB */
  readonly maxTextBytes?: number
}

/**
 * Shapes of statements that a standby refused although they look like reads. A text that its parser has no shape for
 * stands for itself alone.
 */
export class LearnedShapes {
  readonly #parser: Pick<SqlParser, 'fingerprint'>
  readonly #options: LearnedShapesOptions
  /** Made for the first shape. */
  #shapes: LRUCache<string, true> | undefined

  constructor(parser: Pick<SqlParser, 'fingerprint'>, options: LearnedShapesOptions = {}) {
    this.#parser = parser
    this.#options = options
  }

  get size(): number {
    return this.#shapes?.size ?? 0
  }

  /** Remembers the text's shape. Gives it, or undefined when it was known already. */
  learn(sql: string): { readonly fingerprint?: string } | undefined {
    if (this.has(sql)) return undefined
    const fingerprint = this.#parser.fingerprint?.(sql)
    const { maxShapes = 1_000, maxTextBytes = 2 ** 20 } = this.#options
    this.#shapes ??= new LRUCache({ max: maxShapes, maxSize: maxTextBytes, sizeCalculation: bytesOf })
    this.#shapes.set(fingerprint ?? sql, true)
    return fingerprint === undefined ? {} : { fingerprint }
  }

  /** Costs nothing while nothing is known. */
  has(sql: string): boolean {
    if (this.#shapes === undefined || this.#shapes.size === 0) return false
    // `get` rather than `has`: it marks the entry as used, so that it stays.
    if (this.#shapes.get(sql) === true) return true
    const fingerprint = this.#parser.fingerprint?.(sql)
    return fingerprint !== undefined && this.#shapes.get(fingerprint) === true
  }

  clear(): void {
    this.#shapes?.clear()
  }
}

function bytesOf(_: true, shape: string): number {
  return 2 * shape.length
}
