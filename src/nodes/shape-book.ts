import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { PlanWatch } from './plan-watch.ts'

/** Bounds of what is kept: shapes, texts, and characters of texts. */
const MOST_SHAPES = 2000
const MOST_TEXTS = 4000
const MOST_CHARACTERS = 2 ** 22
/** A longer text is not looked at. */
export const LONGEST_TEXT = 16_384
/** A shape of which more texts were seen is written with its values in it: each of them is seen once. */
const MOST_VARIANTS = 16

/** By so many the fast runs over leases must outnumber the slow ones before a shape is taken to be fast. */
const PROOF_RUNS = 3
const MOST_PROOF_RUNS = 4096
/** A run over a lease that takes longer is no proof, the way there and back included; in milliseconds. */
const SLOW_ON_LEASE_MS = 5
/** A read that takes the server longer keeps others waiting for too long, in milliseconds. */
const SLOW_ON_LANE_MS = 1
/** A larger answer is large, in bytes. */
const LARGE_BYTES = 32_768
const SMOOTHING = 0.1
/** The cost of a read for the server that is assumed before anything is known, and the least cost; in milliseconds. */
const FIRST_COST_MS = 0.1
const LEAST_COST_MS = 0.005
/** One run counts as at most this long, in milliseconds: more is seldom the statement's fault. */
const LONGEST_SAMPLE_MS = 4

/** The record of statements that differ in their literals alone. Pure: it is told how runs went. */
export class Shape {
  #costMs = FIRST_COST_MS
  #fastRuns = 0
  #proofRuns = PROOF_RUNS
  variants = 0

  /** The time that one run takes the server, in milliseconds, smoothed. */
  get costMs(): number {
    return this.#costMs
  }

  /** Whether it may share a connection: it is known to be fast and small. */
  get isFast(): boolean {
    return this.#fastRuns >= this.#proofRuns
  }

  ranOnLease(ms: number, bytes: number): void {
    if (bytes > LARGE_BYTES) this.#fastRuns = 0
    else if (ms <= SLOW_ON_LEASE_MS) this.#fastRuns += 1
    // A machine that has too much to do makes any read slow now and then.
    else if (this.#fastRuns > 0) this.#fastRuns -= 1
  }

  /** @param ms How long it took after the answer before it: nothing of the way there and back is in it. */
  ranBehindAnother(ms: number): void {
    this.#costMs += SMOOTHING * (Math.min(ms, LONGEST_SAMPLE_MS) - this.#costMs)
    if (this.#costMs < LEAST_COST_MS) this.#costMs = LEAST_COST_MS
    else if (this.#costMs > SLOW_ON_LANE_MS) this.heldUp()
  }

  /** @param ms With the way there and back: it costs no more than that. */
  ranAlone(ms: number): void {
    if (ms < this.#costMs) this.#costMs = ms
  }

  answeredWith(bytes: number): void {
    if (bytes > LARGE_BYTES) this.heldUp()
  }

  /** It kept others waiting. It has to prove itself again, and for longer each time. */
  heldUp(): void {
    this.#fastRuns = 0
    this.#costMs = FIRST_COST_MS
    this.#proofRuns = Math.min(MOST_PROOF_RUNS, this.#proofRuns * 4)
  }
}

/** One text, as far as it has been seen. */
export interface TextRecord {
  readonly text: string
  readonly shape: Shape
  /** Absent where the text is one of many: it gets no name. */
  readonly plan: PlanWatch | undefined
  /** The same wherever the text is the same: behind a pooler two processes may meet at one server. */
  readonly name: string
}

/** Keeps what was seen of a node's shareable reads, bounded. */
export class ShapeBook {
  readonly #after: number
  readonly #shapes = new LRUCache<string, Shape>({ max: MOST_SHAPES })
  readonly #texts = new LRUCache<string, TextRecord>({
    max: MOST_TEXTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_record, text) => text.length,
  })

  /** @param prepareAfter How often a text runs before it gets a name. */
  constructor(prepareAfter: number) {
    this.#after = prepareAfter
  }

  of(text: string): TextRecord {
    return this.#texts.get(text) ?? this.#meet(text)
  }

  #meet(text: string): TextRecord {
    const key = shapeKey(text)
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      shape = new Shape()
      this.#shapes.set(key, shape)
    }
    shape.variants += 1
    if (shape.variants > MOST_VARIANTS) return { text, shape, plan: undefined, name: '' }
    const plan = this.#after === Infinity ? undefined : new PlanWatch(this.#after)
    const record = { text, shape, plan, name: plan === undefined ? '' : nameOf(text) }
    this.#texts.set(text, record)
    return record
  }
}

function nameOf(text: string): string {
  return `switchyard_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}

/** String literals, and numbers, placeholders included. */
const LITERALS = /'(?:[^']|'')*'|\$?\b\d+(?:\.\d+)?\b/g
const LISTS = /\?(?:\s*,\s*\?)+/g

/**
 * Gives a text without its literals; a list of them counts as one. Only figures are kept under this key, and nothing is proven by
 * it, so it need not know all of the grammar, and takes less time than parsing.
 */
export function shapeKey(text: string): string {
  return text.replace(LITERALS, '?').replace(LISTS, '?')
}
